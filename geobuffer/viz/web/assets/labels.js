'use strict';
// Place the names on the map: the most important first, without overlaps.

(function (geobuffer) {
  const MOST = 70;
  const LINE = 17;
  const LETTER = 6.7;

  /** Return the smallest population with a name at a zoom; an unknown population counts as 0. */
  function leastPopulation(zoom) {
    if (zoom < 7.5) return 40000;
    if (zoom < 8.5) return 12000;
    if (zoom < 9.5) return 3000;
    return zoom < 10.5 ? 700 : 0;
  }

  function isNamed(place, zoom) {
    if (!place.located) return false;
    if (place.membership === 'outside' && !geobuffer.view.outside) return false;
    if (geobuffer.areFew) return true;
    if (zoom >= 11 && place.membership !== 'outside') return true;
    if (zoom >= 12) return true;
    return (place.population ?? 0) >= leastPopulation(zoom) && (place.population ?? 0) > 0;
  }

  function weighPlace(place) {
    const near = place.membership === 'outside' ? 1 : 3;
    return near * Math.log10(10 + (place.population ?? 0));
  }

  /** Return the country of a region, or '' if the region is itself a country. */
  function countryOf(region, language) {
    const { countries } = geobuffer.facts;
    const name = geobuffer.labelOf(countries, region.country, language);
    return name === region.names[language] ? '' : name;
  }

  /** Return the names of regions, each with its country below. */
  function regionLabels(language) {
    if (!geobuffer.view.regions) return [];
    const { regions } = geobuffer.facts;
    return regions.map((region) => ({
      at: region.labels[0] && [region.labels[0][0], geobuffer.unwrapLongitude(region.labels[0][1])],
      orAt: region.labels[1] && [region.labels[1][0], geobuffer.unwrapLongitude(region.labels[1][1])],
      text: region.names[language],
      below: countryOf(region, language),
      className: 'label label-region',
      centred: true,
    }));
  }

  function placeLabels(zoom, bounds, language) {
    return geobuffer.places
      .filter((place) => isNamed(place, zoom) && bounds.contains([place.lat, place.lon]))
      .sort((a, b) => weighPlace(b) - weighPlace(a))
      .slice(0, 4 * MOST)
      .map((place) => ({
        at: [place.lat, place.lon],
        text: geobuffer.nameOf(place, language),
        className: `label label-${place.membership}`,
      }));
  }

  /** Return the box of a label on the screen. */
  function boxOf(label, map) {
    const point = map.latLngToContainerPoint(label.at);
    const wide = label.text.length * LETTER * (label.centred ? 1.25 : 1);
    const left = label.centred ? point.x - wide / 2 : point.x + 8;
    const high = label.below ? 2 * LINE : LINE;
    return { left, right: left + wide, top: point.y - high / 2, bottom: point.y + high / 2 };
  }

  function overlap(a, b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  }

  function fits(box, size, taken) {
    const inView = box.left >= 2 && box.right <= size.x && box.top >= 2 && box.bottom <= size.y;
    return inView && !taken.some((other) => overlap(box, other));
  }

  /** Return the boxes of the map's own buttons and texts. */
  function boxesOfControls(map) {
    const container = map.getContainer().getBoundingClientRect();
    const controls = map.getContainer().querySelectorAll('.leaflet-control');
    return Array.from(controls, (control) => control.getBoundingClientRect()).map((box) => ({
      left: box.left - container.left, right: box.right - container.left,
      top: box.top - container.top, bottom: box.bottom - container.top,
    }));
  }

  function makeMarker(label, pane) {
    const below = label.below ? geobuffer.element('small', '', label.below) : null;
    const html = geobuffer.element('span', '', label.text, below);
    const icon = L.divIcon({ className: label.className, html, iconSize: null });
    return L.marker(label.at, { icon, interactive: false, keyboard: false, pane });
  }

  function showLabels() {
    const { map, language } = geobuffer.view;
    const size = map.getSize();
    const taken = boxesOfControls(map);
    const most = taken.length + MOST;
    labels.clearLayers();
    const wanted = [
      ...regionLabels(language), ...placeLabels(map.getZoom(), map.getBounds(), language),
    ];
    for (const label of wanted) {
      if (taken.length >= most) break;
      const placed = [label.at, label.orAt].filter(Boolean).map((at) => ({ ...label, at }))
        .find((one) => fits(boxOf(one, map), size, taken));
      if (!placed) continue;
      taken.push(boxOf(placed, map));
      labels.addLayer(makeMarker(placed, 'geobuffer-labels'));
    }
  }

  const labels = L.layerGroup();

  function startLabels(map) {
    map.createPane('geobuffer-labels').setAttribute('aria-hidden', 'true');
    labels.addTo(map);
    map.on('moveend resize', showLabels);
  }

  Object.assign(geobuffer, { startLabels, showLabels });
})(window.geobuffer);
