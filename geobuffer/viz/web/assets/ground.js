'use strict';
// Draw the ground under the zone, and the locator. The ground is coarse: nothing is measured on it.

(function (geobuffer) {
  const { facts, view, svg } = geobuffer;
  const { ground } = facts;
  const STILL = { interactive: false, smoothFactor: 0.8 };
  // The names of colours, in the order of the land in the page's data.
  const LANDS = ['land_0', 'land_1', 'land'];

  /** Return the name of a country's colour: the tint of its side, or that of land of neither side. */
  function landOf(country) {
    const tint = ground.tints[country];
    return tint === undefined ? 'land' : `land_${tint}`;
  }

  function decodeAreas(areas) {
    return areas.map((rings) => rings.map((ring) => geobuffer.decodeLine(ring, ground.grid)));
  }

  function decodeLines(lines) {
    return lines.map((line) => geobuffer.decodeLine(line, ground.grid));
  }

  /** Draw the land of countries, which lies under everything. */
  function drawLands(map) {
    return ground.land.map((areas) => L.polygon(decodeAreas(areas), STILL).addTo(map));
  }

  /** Draw borders, rivers and lakes, which lie over the regions. */
  function drawGroundLines(map) {
    return {
      lakes: L.polygon(decodeAreas(ground.lakes), STILL).addTo(map),
      rivers: L.polyline(decodeLines(ground.rivers), STILL).addTo(map),
      borders: L.polyline(decodeLines(ground.borders), STILL).addTo(map),
    };
  }

  /** Return the width of a line at the present zoom: the closer the map, the wider the line. */
  function lineWidth(least, most) {
    const share = (view.map.getZoom() - 6) / 5;
    return least + (most - least) * Math.min(1, Math.max(0, share));
  }

  /** Return whether countries and coasts are drawn at this zoom. */
  function isGroundShown() {
    return !facts.has_basemap && view.map.getZoom() <= ground.zooms.ground;
  }

  /** Colour the ground. It is too coarse for close maps: they are all land, or all sea if no land is near. */
  function styleGround() {
    const { colour } = geobuffer;
    const { lands, groundLines: { lakes, rivers, borders } } = view.layers;
    const zoom = view.map.getZoom();
    const isShown = isGroundShown();
    const isFlowing = !facts.has_basemap && zoom <= ground.zooms.rivers;
    lands.forEach((layer, i) => layer.setStyle({
      fill: isShown, stroke: isShown, fillOpacity: 1, fillColor: colour(LANDS[i]),
      color: colour('coast'), weight: 0.8,
    }));
    lakes.setStyle({
      fill: isFlowing, stroke: isFlowing, fillOpacity: 1, fillColor: colour('water'),
      color: colour('coast'), weight: 0.8,
    });
    rivers.setStyle({ stroke: isFlowing, color: colour('river'), weight: lineWidth(0.8, 1.6) });
    borders.setStyle({ stroke: isShown, color: colour('state'), weight: lineWidth(1, 2) });
    const container = view.map.getContainer();
    const isSea = isShown || ground.land.every((areas) => !areas.length);
    container.style.background = colour(isSea ? 'water' : 'land');
  }

  function makeLocator() {
    const { size: [width, height], shapes, mark: [left, top, right, bottom] } = ground.locator;
    const areas = svg('g', { transform: 'scale(0.5)' }, ...shapes.map(({ tint, path }) =>
      svg('path', { d: path, class: tint < 0 ? 'land' : `land-${tint}` })));
    const mark = svg('rect', {
      x: left, y: top, width: right - left, height: bottom - top, class: 'mark',
    });
    return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height }, areas, mark);
  }

  const Locator = L.Control.extend({
    options: { position: 'topright' },

    onAdd() {
      const container = geobuffer.element('div', 'locator');
      container.setAttribute('role', 'img');
      container.append(makeLocator());
      return container;
    },
  });

  function startLocator(map) {
    if (!ground.locator.shapes.length) return;
    view.locator = new Locator().addTo(map);
  }

  /** Return whether the zone lies under a box of the map. */
  function isZoneUnder({ left, right, top, bottom }) {
    const { map } = view;
    const shapes = geobuffer.rings().flatMap((ring) => ring.shape ?? []);
    // We add some space beside the box, for the hatching of the zone's edge and for names.
    const air = Math.max(8, geobuffer.bandKm() * geobuffer.pixelsPerKm());
    const isInside = ({ x, y }) => x > left - air && x < right + air && y > top - air && y < bottom + air;
    if (shapes.flat(2).some((at) => isInside(map.latLngToContainerPoint(at)))) return true;
    const { lat, lng } = map.containerPointToLatLng([(left + right) / 2, (top + bottom) / 2]);
    return geobuffer.isWithin(shapes, [lat, lng]);
  }

  /**
   * Move the locator to a corner where it covers no part of the zone, and return 0. Without such a corner,
   * return the width that it needs beside the zone.
   */
  function placeLocator() {
    const { locator, map } = view;
    if (!locator) return 0;
    const frame = map.getContainer().getBoundingClientRect();
    const isFree = (corner) => {
      locator.setPosition(corner);
      const { left, right, top, bottom } = locator.getContainer().getBoundingClientRect();
      return !isZoneUnder({
        left: left - frame.left, right: right - frame.left, top: top - frame.top,
        bottom: bottom - frame.top,
      });
    };
    const corner = ['topright', 'bottomright', 'bottomleft'].find(isFree);
    locator.setPosition(corner ?? 'topright');
    showLocator();
    return corner ? 0 : locator.getContainer().offsetWidth;
  }

  /** Describe the locator for screen readers, and give it the colours of the map. */
  function showLocator() {
    const container = document.querySelector('.locator');
    if (!container) return;
    container.setAttribute('aria-label', geobuffer.say('locator'));
    const { colour } = geobuffer;
    container.firstChild.style.background = colour('water');
    for (const path of container.querySelectorAll('path')) {
      path.style.fill = colour(path.getAttribute('class').replace('-', '_'));
      path.style.stroke = colour('coast');
    }
    const mark = container.querySelector('.mark');
    mark.style.stroke = colour('edge');
    mark.style.fill = colour('rings')[0][0];
  }

  Object.assign(geobuffer, {
    drawLands, drawGroundLines, styleGround, isGroundShown, landOf, lineWidth, startLocator, showLocator,
    placeLocator,
  });
})(window.geobuffer);
