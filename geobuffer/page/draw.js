'use strict';
// The layers of the map: regions, rings, border, settlements; all on one canvas.

(function (geobuffer) {
  // Leaflet draws on a canvas, which no style sheet reaches: the colours of the night are here.
  const NIGHT = {
    border: '#f4f4f4', region: '#7d8794', land: '#20262d', rim: '#0d1014', junction: '#0d1014',
    edge: '#6db6e8',
  };
  const DAY = { land: '#fbfaf7', rim: '#1a1a1a', junction: '#ffffff' };
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const printing = window.matchMedia('print');

  function isNight() {
    return dark.matches && !printing.matches && !geobuffer.view.printing;
  }

  function colour(name) {
    return (isNight() ? NIGHT[name] : DAY[name]) ?? geobuffer.facts.palette[name];
  }

  /** How a class of settlements looks: size, outline and hue all tell it. */
  function placeStyle(membership) {
    return {
      inside: { radius: 5, weight: 1, color: colour('rim'), fillColor: colour('inside') },
      // A heavy ring about a hollow: dark about yellow by day, yellow about dark by night.
      uncertain: isNight()
        ? { radius: 6, weight: 2.6, color: colour('uncertain'), fillColor: colour('rim') }
        : { radius: 6, weight: 2.6, color: colour('rim'), fillColor: colour('uncertain') },
      outside: { radius: 2.6, weight: 0, color: colour('outside'), fillColor: colour('outside') },
    }[membership];
  }

  /** Dots shrink where the whole border is in view, so that they do not hide it. */
  function dotScale(zoom) {
    return Math.min(1.3, Math.max(0.3, 0.42 + (zoom - 7) * 0.15));
  }

  function styleOf(membership) {
    const style = placeStyle(membership);
    const zoom = geobuffer.view.map.getZoom();
    const scale = dotScale(zoom) * (membership === 'outside' && zoom < 9 ? 0.7 : 1);
    return {
      ...style,
      radius: style.radius * scale,
      weight: style.weight * Math.max(scale, 0.7),
      stroke: style.weight > 0,
      fillOpacity: 1,
    };
  }

  function drawRegions(map) {
    return geobuffer.facts.regions.map((region) =>
      L.polygon(geobuffer.unpackShape(region.shape), {
        interactive: false, smoothFactor: 0.6,
      }).addTo(map));
  }

  function drawRings(map) {
    return geobuffer.facts.zone.rings.map((ring) =>
      L.polygon(geobuffer.unpackShape(ring.shape), {
        interactive: false, smoothFactor: 0.6, weight: 1.2,
      }).addTo(map));
  }

  function drawSections(map) {
    return geobuffer.facts.border.sections.map((section) => {
      const lines = section.lines.map(geobuffer.unpackLine);
      const drawn = L.polyline(lines, { weight: 2.4, smoothFactor: 0.6 }).addTo(map);
      drawn.bindTooltip(() => geobuffer.describeSection(section), { sticky: true });
      drawn.on('click', (event) => geobuffer.openSection(section, event.latlng));
      return drawn;
    });
  }

  /** A point where one section of the border ends and the next begins. */
  function drawJunctions(map, sections) {
    return sections.slice(1).map((drawn) =>
      L.circleMarker(drawn.getLatLngs()[0][0], {
        interactive: false, radius: 3.6, weight: 1.6, fillOpacity: 1,
      }).addTo(map));
  }

  const ORDER = ['outside', 'inside', 'uncertain'];

  function drawPlaces(map) {
    const drawn = [];
    for (const membership of ORDER) {
      const style = styleOf(membership);
      for (const place of geobuffer.places) {
        if (geobuffer.classOf(place) !== membership) continue;
        const dot = L.circleMarker([place.lat, place.lon], style).addTo(map);
        dot.on('click', () => geobuffer.openPlace(place));
        drawn.push({ dot, membership });
      }
    }
    return drawn;
  }

  /** A ring's fill, and the line about it, which must be seen on dark ground too. */
  function ringStyle(ring) {
    return {
      color: isNight() ? NIGHT.edge : ring.colour, fillColor: ring.colour,
      fillOpacity: isNight() ? 0.45 : 0.28,
    };
  }

  function restyle() {
    const { regions, rings, sections, junctions, dots } = geobuffer.view.layers;
    const region = { color: colour('region'), weight: 1, dashArray: '4 3' };
    regions.forEach((layer) =>
      layer.setStyle({ ...region, fillColor: colour('land'), fillOpacity: 1 }));
    rings.forEach((layer, i) => layer.setStyle(ringStyle(geobuffer.facts.zone.rings[i])));
    sections.forEach((layer) => layer.setStyle({ color: colour('border') }));
    junctions.forEach((layer) =>
      layer.setStyle({ color: colour('border'), fillColor: colour('junction') }));
    restyleDots(dots);
  }

  function restyleDots(dots) {
    const styles = Object.fromEntries(ORDER.map((membership) => [membership, styleOf(membership)]));
    for (const { dot, membership } of dots) {
      dot.setRadius(styles[membership].radius);
      dot.setStyle(styles[membership]);
    }
  }

  /** Draw everything, and keep it in step with the zoom and the scheme of colours. */
  function draw(map) {
    const layers = { regions: drawRegions(map), rings: drawRings(map) };
    layers.sections = drawSections(map);
    layers.junctions = drawJunctions(map, layers.sections);
    layers.dots = drawPlaces(map);
    geobuffer.view.layers = layers;
    restyle();
    map.on('zoomend', () => restyleDots(layers.dots));
    dark.addEventListener('change', () => {
      restyle();
      geobuffer.showPanel();
    });
  }

  Object.assign(geobuffer, { draw, restyle, colour, placeStyle, ringStyle });
})(window.geobuffer);
