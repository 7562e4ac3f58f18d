'use strict';
// The controls: the width and the side of the zone, and the visible layers.

(function (geobuffer) {
  const { say, byId, plain, element, view, facts } = geobuffer;
  // The slider rests if it has not moved for this many milliseconds.
  const REST_MS = 80;
  const LAYERS = ['rings', 'regions', 'outside'];
  const widths = facts.slider.widths_km;
  let timer = 0;

  /** Update everything that depends on width, side or rings. */
  function refresh() {
    geobuffer.classifyPlaces();
    geobuffer.redraw();
    geobuffer.showZone();
    geobuffer.showListed();
    geobuffer.showOwn();
    showWidth();
    clearTimeout(timer);
    timer = setTimeout(showAfterRest, REST_MS);
  }

  /**
   * Update what we leave until the slider rests: names, the list and the results of a search take
   * longest, and browsers refuse to change the address too often.
   */
  function showAfterRest() {
    geobuffer.showLabels();
    geobuffer.showTable();
    geobuffer.showFound();
    geobuffer.showState();
  }

  /** Show the zone at a width and side. */
  function setZone(km, side) {
    if (km === view.km && side === view.side) return;
    Object.assign(view, { km, side });
    refresh();
    geobuffer.refreshPopup();
  }

  /** Return the width that a text states; undefined if the page cannot show it. */
  function parseWidth(text) {
    const km = String(text ?? '').trim() ? Number(text) : NaN;
    const isWithin = km >= widths[0] / 10 && km <= widths.at(-1);
    return widths.find((one) => one === km) ?? (isWithin && geobuffer.takesAnyWidth() ? km : undefined);
  }

  function setWidth(km) {
    setZone(km ?? view.km, view.side);
  }

  function setSide(side) {
    setZone(view.km, side);
  }

  function showWidth() {
    const slider = byId('width');
    slider.value = String(Math.max(0, widths.findLastIndex((km) => km <= view.km)));
    slider.setAttribute('aria-valuetext', `${plain(view.km)} ${say('unit_km')}`);
    if (document.activeElement !== byId('width-value')) byId('width-value').value = String(view.km);
    // A disabled button would lose the keyboard focus, so we only mark it as disabled.
    byId('narrower').setAttribute('aria-disabled', String(view.km <= widths[0]));
    byId('wider').setAttribute('aria-disabled', String(view.km >= widths.at(-1)));
    byId('reset').hidden = geobuffer.isAsBuilt();
    for (const one of document.querySelectorAll('#sides input')) {
      one.checked = one.value === view.side;
    }
  }

  function startWidth() {
    const slider = byId('width');
    byId('width-controls').hidden = widths.length < 2;
    slider.max = String(widths.length - 1);
    slider.addEventListener('input', () => setWidth(widths[Number(slider.value)]));
    byId('narrower').addEventListener('click', () => setWidth(widths.findLast((km) => km < view.km)));
    byId('wider').addEventListener('click', () => setWidth(widths.find((km) => km > view.km)));
    const typed = byId('width-value');
    Object.assign(typed, { min: widths[0] / 10, max: widths.at(-1), step: 'any' });
    typed.readOnly = !geobuffer.takesAnyWidth();
    typed.addEventListener('input', () => setWidth(geobuffer.parseWidth(typed.value)));
    typed.addEventListener('blur', showWidth);
    byId('reset').addEventListener('click', () => {
      setZone(geobuffer.built.km, geobuffer.built.side);
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
    byId('side-controls').hidden = facts.kind === 'point' || !geobuffer.canSwitchSides();
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
    byId('width').setAttribute('aria-label', say('width'));
    byId('narrower').setAttribute('aria-label', say('narrower'));
    byId('wider').setAttribute('aria-label', say('wider'));
    showWidth();
  }

  function startControls() {
    startWidth();
    startSides();
    startLayers();
  }

  Object.assign(geobuffer, { startControls, sayChoices, parseWidth, setWidth, setSide, setZone });
})(window.geobuffer);
