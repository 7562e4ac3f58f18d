'use strict';
// Write the state of the page into its address, so that a link shows what its sender saw:
// #km=12&side=Ukraine&lang=uk&at=51.2,34.3,9. A frame may give the same as data-km, data-side, ...
// A button leads back to the whole zone.

(function (geobuffer) {
  const { say, byId, view, facts } = geobuffer;
  let isStarted = false;
  let opened = null;
  // How many pixels beside the whole zone are free for the locator, if it would cover the zone.
  let besideLocator = 0;

  function parseView(text) {
    const parts = String(text ?? '').split(',').map((part) => (part.trim() ? Number(part) : NaN));
    const [lat, lon, zoom] = parts;
    const isValid = parts.length === 3 && parts.every(Number.isFinite)
      && Math.abs(lat) <= 85 && Math.abs(lon) <= 540 && zoom >= 0 && zoom <= 18;
    return isValid ? { centre: [lat, lon], zoom } : null;
  }

  /** Return the settings that a mapping of texts gives, without those that the page cannot show. */
  function parseState(given) {
    const km = geobuffer.parseWidth(given.km);
    const side = geobuffer.canSwitchSides() ? facts.zone.sides.find((one) => one === given.side) : null;
    const language = Object.keys(geobuffer.words).find((one) => one === given.lang);
    return { km, side, language, at: parseView(given.at) };
  }

  function readAddress() {
    return parseState(Object.fromEntries(new URLSearchParams(window.location.hash.slice(1))));
  }

  /** Return the settings of the frame around the page, if the browser permits us to read it. */
  function readFrame() {
    try {
      return parseState(window.frameElement?.dataset ?? {});
    } catch {
      return {}; // the page around the frame is that of another site
    }
  }

  /** Return the language if the address gives none: the frame's, the browser's or the author's. */
  function findLanguage() {
    const browsers = facts.follows_browser
      ? (navigator.languages ?? []).map((one) => one.slice(0, 2).toLowerCase()) : [];
    const known = [readFrame().language, ...browsers].find((one) => one in geobuffer.words);
    return known ?? facts.language;
  }

  function chooseLanguage() {
    return readAddress().language ?? findLanguage();
  }

  /** Show the settings of another address; an anchor of the page has no settings. */
  function followAddress() {
    const hash = window.location.hash.slice(1);
    if (hash && !hash.includes('=')) return;
    const { km, side, language, at } = readAddress();
    if (!at) fitZone();
    const { built } = geobuffer;
    applyState({
      km: km ?? built.km, side: side ?? built.side, language: language ?? findLanguage(), at,
    });
    showState();
  }

  function applyState({ km, side, language, at }) {
    if (language && language !== view.language) geobuffer.setLanguage(language);
    geobuffer.setZone(km ?? view.km, side ?? view.side);
    if (at) view.map.setView(at.centre, at.zoom, { animate: false });
  }

  /** Return the settings that differ from those at the start, as the part of an address after #. */
  function writeState() {
    const { lat, lng } = view.map.getCenter();
    const at = [lat.toFixed(4), lng.toFixed(4), view.map.getZoom()].join(',');
    const parts = {
      km: view.km === geobuffer.built.km ? null : String(view.km),
      side: view.side === geobuffer.built.side ? null : view.side,
      lang: view.language === opened.language ? null : view.language,
      at: at === opened.at ? null : at,
    };
    const given = Object.entries(parts).filter(([, value]) => value !== null);
    return new URLSearchParams(given).toString().replace(/%2C/g, ',');
  }

  function linkOf(state) {
    const address = window.location.href.split('#')[0];
    return state ? `${address}#${state}` : address;
  }

  /** Write the state to the address and to the box from which it is copied. */
  function showState() {
    if (!isStarted) return;
    const link = linkOf(writeState());
    byId('link').value = link;
    byId('citation').value = geobuffer.citePage(link);
    try {
      window.history.replaceState(null, '', link);
    } catch {
      // A page inside another page, or in a sandbox, has no address of its own.
    }
  }

  function copyFrom(box) {
    box.select();
    document.execCommand('copy');
    byId('copied').textContent = say('copied');
  }

  /** Return the bounds of the zone with the hatching beyond its edge. */
  function hatchedBounds() {
    const [[south, west], [north, east]] = facts.zone.bounds;
    const high = geobuffer.bandKm() / 111;
    const wide = high / Math.max(0.1, Math.cos((Math.max(-south, north) * Math.PI) / 180));
    return [[south - high, west - wide], [north + high, east + wide]];
  }

  function fitZone() {
    const { map } = view;
    const size = map.getSize();
    const box = (selector) => map.getContainer().querySelector(selector)?.getBoundingClientRect();
    const gap = Math.min(size.x, size.y) * 0.03;
    const left = (box('.leaflet-control-zoom')?.width ?? 0) + 10 + gap;
    const bottom = (box('.leaflet-control-attribution')?.height ?? 0) + gap;
    map.fitBounds(hatchedBounds(), {
      paddingTopLeft: [left, gap], paddingBottomRight: [gap + besideLocator, bottom], animate: false,
    });
  }

  const WholeZone = L.Control.extend({
    options: { position: 'topleft' },

    onAdd() {
      const corners = geobuffer.svg('path', {
        d: 'M2 7V2H7M11 2H16V7M16 11V16H11M7 16H2V11', fill: 'none', stroke: 'currentColor',
        'stroke-width': 2,
      });
      const size = { viewBox: '0 0 18 18', width: 18, height: 18 };
      const made = geobuffer.button('', () => {
        view.map.closePopup();
        fitZone();
      }, geobuffer.svg('svg', { ...size, 'aria-hidden': 'true' }, corners));
      made.id = 'whole-zone';
      for (const name of ['title', 'aria-label']) made.setAttribute(name, say('whole_zone'));
      L.DomEvent.disableClickPropagation(made);
      return geobuffer.element('div', 'leaflet-bar', made);
    },
  });

  function startSharing(map) {
    new WholeZone().addTo(map);
    // We wrote the heading after Leaflet measured the map, and the map is lower since then.
    map.invalidateSize({ pan: false, animate: false });
    fitZone();
    besideLocator = geobuffer.placeLocator();
    if (besideLocator) fitZone();
    // The reader can zoom out as far as is needed to see where in the world the zone lies.
    map.setMinZoom(Math.max(1, Math.floor(map.getZoom()) - 4));
    opened = { language: findLanguage(), at: null };
    opened.at = writeState().match(/at=([^&]*)/)?.[1];
    isStarted = true;
    applyState({ ...readFrame(), language: null });
    applyState({ ...readAddress(), language: null });
    map.on('moveend', showState);
    window.addEventListener('hashchange', followAddress);
    for (const id of ['link', 'citation']) {
      byId(`copy-${id}`).addEventListener('click', () => copyFrom(byId(id)));
    }
    showState();
  }

  Object.assign(geobuffer, { startSharing, showState, chooseLanguage });
})(window.geobuffer);
