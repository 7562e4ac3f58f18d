'use strict';
// Draw the layers of the map on one canvas: regions, zone, border, settlements.

(function (geobuffer) {
  const { facts, view } = geobuffer;

  // Leaflet draws on a canvas, where style sheets have no effect: so the dark colours stand here.
  const NIGHT = {
    border: '#f4f4f4', region: '#7d8794', land: '#20262d', rim: '#0d1014', junction: '#0d1014',
    edge: '#6db6e8',
  };
  const DAY = { land: '#fbfaf7', rim: '#1a1a1a', junction: '#ffffff' };
  // With round caps, the gaps would close.
  const SEA_STYLE = { dashArray: '5 6', lineCap: 'butt' };
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const printing = window.matchMedia('print');

  function isNight() {
    return dark.matches && !printing.matches && !view.printing;
  }

  function colour(name) {
    return (isNight() ? NIGHT[name] : DAY[name]) ?? facts.palette[name];
  }

  /** Fill and outline of a class's dots. Uncertain ones are a heavy ring: dark around yellow by day,
      yellow around dark by night. */
  function dotColours(membership) {
    if (membership === 'outside') return [colour('outside'), colour('outside')];
    const colours = [colour(membership), colour('rim')];
    return membership === 'uncertain' && isNight() ? colours.reverse() : colours;
  }

  /** How the dots of a class look. Classes differ in size, outline and colour. */
  function placeStyle(membership) {
    const size = facts.dots.sizes[membership];
    if (!size) return undefined;
    const [fillColor, color] = dotColours(membership);
    return { radius: size.radius, weight: size.outline, color, fillColor };
  }

  /** The factor of dots at a zoom, as in geobuffer/viz/symbols.py. A few dots never shrink: they hide
      nothing. */
  function dotScale(zoom, membership) {
    if (geobuffer.areFew) return 1.2;
    const rule = facts.dots.scale;
    const scale = Math.min(rule.largest, Math.max(rule.smallest, rule.at_zoom_7 + (zoom - 7) * rule.growth));
    return membership === 'outside' && zoom < rule.outside_below_zoom ? scale * rule.outside : scale;
  }

  function dotStyle(membership) {
    const style = placeStyle(membership);
    const scale = dotScale(view.map.getZoom(), membership);
    return {
      ...style, radius: style.radius * scale, weight: style.weight * Math.max(scale, 0.7),
    };
  }

  function drawRegions(map) {
    return facts.regions.map((region) =>
      L.polygon(geobuffer.unpackPolygons(region.shape), {
        interactive: false, smoothFactor: 0.6,
      }).addTo(map));
  }

  /** Add the territory of each side: it is invisible, but outlines are clipped to it. */
  function drawSides(map) {
    const drawn = {};
    for (const side of facts.sides) {
      const shape = geobuffer.unpackPolygons(side.shape ?? []);
      drawn[side.name] = L.polygon(shape, {
        interactive: false, stroke: false, fill: false, smoothFactor: 0.6,
      }).addTo(map);
      drawn[side.name].isGiven = side.shape !== null;
    }
    return drawn;
  }

  /** Clip what is drawn next to the territory of a side. */
  function clipToSide(ctx, name) {
    const { min, max } = view.layers.swath._renderer._bounds;
    const { sides } = view.layers;
    const side = sides[name];
    const other = Object.values(sides).find((one) => one !== side);
    ctx.beginPath();
    // A side without a territory of its own is all land outside the other's territory.
    if (!side.isGiven) ctx.rect(min.x, min.y, max.x - min.x, max.y - min.y);
    for (const part of (side.isGiven ? side : other)._parts) {
      part.forEach((point, i) => (i ? ctx.lineTo(point.x, point.y) : ctx.moveTo(point.x, point.y)));
      ctx.closePath();
    }
    ctx.clip('evenodd');
  }

  /** Add as many layers as there can be rings: layers added later would cover the border. */
  function makeRings(map) {
    // With a larger smoothFactor, arcs would visibly consist of straight lines.
    return facts.palette.rings.map(() =>
      L.polygon([], { interactive: false, smoothFactor: 0.25, weight: 1.2 }).addTo(map));
  }

  /** The colour of a ring among so many, the nearest to the border first. */
  function ringColour(number, count) {
    return facts.palette.rings[Math.max(count, 1) - 1][number];
  }

  /** Return the style of a ring: its fill, and its outline, which must be visible on dark ground too. */
  function ringStyle(number, count) {
    const fillColor = ringColour(number, count);
    const alone = count === 1;
    return {
      color: isNight() ? NIGHT.edge : ringColour(0, 1), fillColor,
      fillOpacity: (isNight() ? 0.45 : 0.28) + (alone ? 0 : 0.14),
    };
  }

  function drawLines(map, section, lines, style) {
    const drawn = L.polyline(lines, { weight: 2.4, smoothFactor: 0.6, ...style }).addTo(map);
    drawn.bindTooltip(() => geobuffer.describeSection(section), { sticky: true });
    drawn.on('click', (event) => {
      L.DomEvent.stopPropagation(event);
      geobuffer.openSection(section, event.latlng);
    });
    return drawn;
  }

  /** Draw the sections: what counts as land in one piece, what runs at sea dashed. */
  function drawSections(map) {
    return facts.border.sections.flatMap((section) => {
      const lines = geobuffer.unpackLines(section.shape);
      const isAtSea = (line, i) => section.at_sea.includes(i);
      const land = lines.filter((line, i) => !isAtSea(line, i));
      const sea = lines.filter(isAtSea);
      return [
        ...(land.length ? [drawLines(map, section, land, {})] : []),
        ...(sea.length ? [drawLines(map, section, sea, SEA_STYLE)] : []),
      ];
    });
  }

  /** Draw a point where two sections of the border meet; for a border of points, each point. */
  function drawJunctions(map) {
    const lines = facts.border.sections.map((section) => geobuffer.unpackLines(section.shape));
    const starts = facts.of_points
      ? lines.flatMap((parts) => parts.map((part) => part[0]))
      : lines.slice(1).map((parts) => parts[0][0]);
    return starts.map((start) =>
      L.circleMarker(start, {
        interactive: false, radius: 3.6, weight: 1.6, fillOpacity: 1,
      }).addTo(map));
  }

  function drawPlaces(map) {
    const dots = new geobuffer.Dots(geobuffer.places, dotStyle).addTo(map);
    let pointed = null;
    dots.on('mouseover mousemove', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (!place || place === pointed) return;
      pointed = place;
      if (dots.isTooltipOpen()) dots.setTooltipContent(geobuffer.describeBriefly(place));
    });
    // We bind the tooltip after the handler above: both run at the same event, and the tooltip needs its
    // result.
    dots.bindTooltip(() => geobuffer.describeBriefly(pointed), { sticky: true, direction: 'top' });
    dots.on('click', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (place) geobuffer.openPlace(place);
    });
    return dots;
  }

  function showRings() {
    const shown = geobuffer.rings();
    view.layers.rings.forEach((layer, i) => {
      layer.setStyle(ringStyle(i, shown.length));
      layer.setLatLngs(shown[i]?.shape ?? []);
    });
    const styles = shown.map((ring, i) => ({ ...ring, ...ringStyle(i, shown.length) }));
    view.layers.swath.setRings(styles.filter((ring) => !ring.shape), geobuffer.swathOptions(styles[0]));
  }

  /** Redraw what the width, the side or a checkbox changes. */
  function redraw() {
    showRings();
    view.layers.dots.redraw();
  }

  function restyle() {
    const { regions, sections, junctions } = view.layers;
    const border = { color: colour('region'), weight: 1, dashArray: '4 3', stroke: view.regions };
    const fillOpacity = facts.has_basemap ? 0 : 1;
    regions.forEach((layer) => layer.setStyle({ ...border, fillColor: colour('land'), fillOpacity }));
    sections.forEach((layer) => layer.setStyle({ color: colour('border') }));
    junctions.forEach((layer) =>
      layer.setStyle({ color: colour('border'), fillColor: colour('junction') }));
    redraw();
  }

  /** Draw everything, and again when the colour scheme changes. */
  function draw(map) {
    view.layers = { regions: drawRegions(map), sides: drawSides(map), rings: makeRings(map) };
    view.layers.swath = new geobuffer.Swath().addTo(map);
    view.layers.sections = drawSections(map);
    view.layers.junctions = drawJunctions(map);
    view.layers.dots = drawPlaces(map);
    restyle();
    dark.addEventListener('change', () => {
      restyle();
      geobuffer.showPanel();
    });
  }

  Object.assign(geobuffer, {
    draw, redraw, restyle, clipToSide, colour, placeStyle, ringStyle, SEA_STYLE,
  });
})(window.geobuffer);
