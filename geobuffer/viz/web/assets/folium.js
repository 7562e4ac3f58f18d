'use strict';
// Replace the parts of jQuery and AwesomeMarkers that folium's markers and popups use: the page has
// neither library.

(function (geobuffer) {
  /** folium uses only $(markup)[0] and $(document).ready(run) of jQuery. */
  function jquery(given) {
    if (given === document) return { ready: (run) => run() };
    const template = document.createElement('template');
    // folium writes this markup for a layer that the author added. It contains none of our data.
    // eslint-disable-next-line no-restricted-syntax
    template.innerHTML = given.trim();
    return Array.from(template.content.children);
  }

  function startFolium(pins) {
    window.$ ??= jquery;
    L.AwesomeMarkers ??= { icon: () => new L.Icon.Default() };
    L.Icon.Default.imagePath = '';
    L.Icon.Default.mergeOptions(pins);
  }

  if (geobuffer.facts.pins.iconUrl) startFolium(geobuffer.facts.pins);
})(window.geobuffer);
