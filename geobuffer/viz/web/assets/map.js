'use strict';
// Make the map of a page that is written without folium, as viz/web/map.py makes it with folium.

(function (geobuffer) {
  const [[south, west], [north, east]] = geobuffer.facts.zone.bounds;
  const map = L.map('map_geobuffer', {
    center: [(south + north) / 2, (west + east) / 2],
    zoom: 8,
    preferCanvas: true,
    maxZoom: 18,
    zoomSnap: 0.25,
    // All layers share one canvas, and clicks beside a dot count too.
    renderer: L.canvas({ tolerance: 9, padding: 0.3 }),
  });
  L.control.scale().addTo(map);
  map.drawZone();
})(window.geobuffer);
