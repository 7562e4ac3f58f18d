'use strict';
// What folium's own markers and popups ask of the libraries that this page does without.

(function (geobuffer) {
  /** Of jQuery, folium uses $(markup)[0] and $(document).ready(run). */
  function query(given) {
    if (given === document) return { ready: (run) => run() };
    const template = document.createElement('template');
    // Markup that folium writes for a layer of the author's own; nothing of the data comes here.
    // eslint-disable-next-line no-restricted-syntax
    template.innerHTML = given.trim();
    return Array.from(template.content.children);
  }

  function startGuests(pins) {
    window.$ ??= query;
    L.AwesomeMarkers ??= { icon: () => new L.Icon.Default() };
    L.Icon.Default.imagePath = '';
    L.Icon.Default.mergeOptions(pins);
  }

  if (geobuffer.facts.pins.iconUrl) startGuests(geobuffer.facts.pins);
})(window.geobuffer);
