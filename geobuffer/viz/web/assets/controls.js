'use strict';
// The controls: the width and the side of the zone, and the visible layers.

(function (geobuffer) {
  const { say, plain, element, view, facts } = geobuffer;
  const byId = (id) => document.getElementById(id);
  const LAYERS = ['rings', 'regions', 'outside'];
  const widths = facts.slider.widths_km;
  let waiting = false;

  /** Update everything that depends on width, side or rings. */
  function refresh() {
    geobuffer.classifyPlaces();
    geobuffer.redraw();
    geobuffer.showZone();
    geobuffer.showTable();
    geobuffer.showFound();
    showWidth();
    if (waiting) return;
    waiting = true;
    // Labels are many elements, so they follow before the next frame.
    requestAnimationFrame(() => {
      waiting = false;
      geobuffer.showLabels();
    });
  }

  /** Show the zone at a width and side. */
  function setZone(km, side) {
    if (km === view.km && side === view.side) return;
    Object.assign(view, { km, side });
    view.map.closePopup();
    refresh();
    geobuffer.showState();
  }

  function setWidth(km) {
    setZone(km ?? view.km, view.side);
  }

  function setSide(side) {
    setZone(view.km, side);
  }

  function showWidth() {
    const slider = byId('width');
    slider.value = String(widths.indexOf(view.km));
    slider.setAttribute('aria-valuetext', `${plain(view.km)} ${say('unit_km')}`);
    byId('width-value').textContent = `${plain(view.km)} ${say('unit_km')}`;
    // A disabled button would lose the keyboard focus, so we only mark it as disabled.
    byId('narrower').setAttribute('aria-disabled', String(view.km <= widths[0]));
    byId('wider').setAttribute('aria-disabled', String(view.km >= widths.at(-1)));
    byId('reset').hidden = geobuffer.isAsked();
    for (const one of document.querySelectorAll('#sides input')) {
      one.checked = one.value === view.side;
    }
  }

  function startWidth() {
    const slider = byId('width');
    byId('width-controls').hidden = widths.length < 2;
    slider.max = String(widths.length - 1);
    slider.addEventListener('input', () => setWidth(widths[Number(slider.value)]));
    const step = (by) => () => setWidth(widths[widths.indexOf(view.km) + by]);
    byId('narrower').addEventListener('click', step(-1));
    byId('wider').addEventListener('click', step(1));
    byId('reset').addEventListener('click', () => {
      setZone(geobuffer.asked.km, geobuffer.asked.side);
      slider.focus();
    });
  }

  function sideChoice(side) {
    const input = element('input', '');
    Object.assign(input, { type: 'radio', name: 'side', value: side });
    input.addEventListener('change', () => setSide(side));
    return element('label', '', input, element('span', ''));
  }

  function startSides() {
    byId('side-controls').hidden = facts.of_points || !geobuffer.canSwitchSides();
    byId('sides').append(...facts.zone.sides.map(sideChoice));
  }

  function toggle(layer) {
    view[layer] = byId(`layer-${layer}`).checked;
    if (layer === 'rings') refresh();
    geobuffer.restyle();
    geobuffer.showLabels();
  }

  function startLayers() {
    byId('layer-rings').parentElement.hidden = !facts.zone.is_plain;
    for (const layer of LAYERS) {
      byId(`layer-${layer}`).checked = view[layer];
      byId(`layer-${layer}`).addEventListener('change', () => toggle(layer));
    }
  }

  function sayChoices() {
    for (const one of document.querySelectorAll('#sides input')) {
      one.nextElementSibling.textContent = geobuffer.sideLabel(one.value);
    }
    byId('narrower').setAttribute('aria-label', say('narrower'));
    byId('wider').setAttribute('aria-label', say('wider'));
    showWidth();
  }

  function startControls() {
    startWidth();
    startSides();
    startLayers();
  }

  Object.assign(geobuffer, { startControls, sayChoices, setWidth, setSide, setZone });
})(window.geobuffer);
