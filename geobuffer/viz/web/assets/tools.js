'use strict';
// Show the tools of the widget: buttons that choose one, and a sheet over the map that gets the clicks.

(function (geobuffer) {
  const { say, element, button, svg, view } = geobuffer;
  // If the pointer moves farther than this while pressed, it drags the map and does not click. In pixels.
  const STILL = 5;
  const SELECTING = ['pick', 'box', 'lasso'];
  const DRAWING = ['point', 'line', 'area'];
  // Drawn in a square of 18 units.
  const ICONS = {
    pick: 'M4 2L4 13L7 10.5L9.5 15.5L11.5 14.5L9 9.7L13 9.5Z',
    box: 'M3 4H6M8 4H10M12 4H15V6M15 8V10M15 12V14H12M10 14H8M6 14H3V12M3 10V8M3 6V4',
    lasso: 'M5 12C0 10 2 3 9 3C16 3 17 10 11 11.5C8 12 5 11.5 5 13C5 15 8 14 7 16.5',
    point: 'M9 16C5 11 4 9 4 7A5 5 0 0 1 14 7C14 9 13 11 9 16ZM9 5.5V8.5M7.5 7H10.5',
    line: 'M3 14L7 6L11 11L15 3',
    area: 'M3 6L10 3L15 8L12 15L4 13Z',
    back: 'M7 4L3 8L7 12M3 8H11A4 4 0 0 1 11 15H8',
    clear: 'M4 4L14 14M14 4L4 14',
  };
  let tool = null;
  let sheet = null;
  let path = [];
  let pressed = null;

  const isSelecting = () => SELECTING.includes(tool);

  function makeTool(name, press) {
    const icon = svg('path', { d: ICONS[name], fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6 });
    const made = button('', press, svg('svg', {
      viewBox: '0 0 18 18', width: 18, height: 18, 'aria-hidden': 'true',
    }, icon));
    made.dataset.tool = name;
    return made;
  }

  const Tools = L.Control.extend({
    options: { position: 'topleft' },

    onAdd() {
      const choose = (name) => makeTool(name, () => chooseTool(tool === name ? null : name));
      const bar = element('div', 'leaflet-bar tools', ...[...SELECTING, ...DRAWING].map(choose),
        makeTool('back', () => geobuffer.takeBack(tool)), makeTool('clear', clear));
      bar.setAttribute('role', 'group');
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    },
  });

  function clear() {
    geobuffer.dropDraft();
    geobuffer.selectRows([]);
    geobuffer.setDrawn([]);
  }

  /** Choose another tool, or none. Without a tool, clicks show distances, as on any page. */
  function chooseTool(name) {
    geobuffer.dropDraft();
    tool = name;
    path = [];
    view.map.closePopup();
    sheet.className = `tool-sheet ${name ?? ''}`;
    sheet.hidden = !name;
    showPath();
    showTools();
  }

  /** Show the texts of the tools, which tool is chosen, and how much is selected and drawn. */
  function showTools() {
    if (!sheet) return;
    const bar = document.querySelector('.tools');
    bar.setAttribute('aria-label', say('tool_group'));
    for (const made of bar.querySelectorAll('button')) {
      const name = made.dataset.tool;
      for (const attribute of ['title', 'aria-label']) made.setAttribute(attribute, say(`tool_${name}`));
      if (name in { back: 1, clear: 1 }) continue;
      made.setAttribute('aria-pressed', String(name === tool));
    }
    const counts = [['tool_selected', geobuffer.listSelected()], ['tool_drawn', geobuffer.listDrawn()]]
      .filter(([, some]) => some.length)
      .map(([key, some]) => say(key, { count: geobuffer.number(some.length) }));
    const hint = tool ? say(`tool_hint_${isSelecting() ? tool : tool === 'point' ? tool : 'draw'}`) : '';
    const status = document.querySelector('.tool-status');
    status.textContent = [...counts, hint].filter(Boolean).join(' · ');
    status.hidden = !status.textContent;
    geobuffer.report();
  }

  /** Draw the box or the lasso that is being drawn, in pixels of the map's container. */
  function showPath() {
    const text = path.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
    sheet.querySelector('path').setAttribute('d', text ? `M${text}Z` : '');
  }

  function pointOf(event) {
    return view.map.mouseEventToContainerPoint(event);
  }

  function startPath(event) {
    pressed = pointOf(event);
    if (!['box', 'lasso'].includes(tool) || event.button !== 0) return;
    event.stopPropagation();
    sheet.setPointerCapture(event.pointerId);
    path = [pressed];
  }

  function continuePath(event) {
    const at = pointOf(event);
    if (tool === 'pick') sheet.style.cursor = placeAt(at) ? 'pointer' : '';
    if (!path.length) return;
    const corners = [pressed, L.point(at.x, pressed.y), at, L.point(pressed.x, at.y)];
    path = tool === 'box' ? corners : [...path, at];
    showPath();
  }

  function endPath(event) {
    if (!path.length) return;
    const line = path;
    path = [];
    showPath();
    if (event.type === 'pointerup' && line.length > 2) geobuffer.selectWithin(line, event.shiftKey);
  }

  function placeAt(point) {
    return view.layers.dots.placeAt(view.map.containerPointToLayerPoint(point));
  }

  function click(event) {
    const at = pointOf(event);
    L.DomEvent.stop(event);
    if (pressed && at.distanceTo(pressed) > STILL) return;
    const place = tool === 'pick' ? placeAt(at) : null;
    if (place) geobuffer.togglePlace(place);
    if (DRAWING.includes(tool)) geobuffer.addCorner(tool, view.map.containerPointToLatLng(at));
  }

  /** Enter finishes the drawing; Escape cancels it, or else deselects the tool. */
  function pressKey(event) {
    if (!tool || event.target.matches('input, textarea, select')) return;
    if (event.key === 'Enter' && geobuffer.isDrafting()) geobuffer.endDraft(tool);
    else if (event.key === 'Escape' && geobuffer.isDrafting()) chooseTool(tool);
    else if (event.key === 'Escape') chooseTool(null);
    else return;
    event.preventDefault();
  }

  function startTools(map) {
    sheet = element('div', 'tool-sheet', svg('svg', {}, svg('path', {
      fill: geobuffer.SKETCH_COLOUR, 'fill-opacity': 0.15, stroke: geobuffer.SKETCH_COLOUR,
      'stroke-width': 2,
    })));
    sheet.hidden = true;
    const status = element('p', 'tool-status');
    status.setAttribute('role', 'status');
    map.getContainer().append(sheet, status);
    new Tools().addTo(map);
    for (const [type, run] of [
      ['pointerdown', startPath], ['pointermove', continuePath], ['pointerup', endPath],
      ['pointercancel', endPath], ['click', click], ['dblclick', L.DomEvent.stop],
    ]) sheet.addEventListener(type, run);
    // Leaflet would move the map at these events.
    for (const type of ['mousedown', 'touchstart']) {
      sheet.addEventListener(type, (event) => {
        if (['box', 'lasso'].includes(tool)) event.stopPropagation();
      });
    }
    document.addEventListener('keydown', pressKey);
    showTools();
  }

  Object.assign(geobuffer, { startTools, showTools });
})(window.geobuffer);
