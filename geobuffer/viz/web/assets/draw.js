'use strict';
// Draw the layers of the map on one canvas: regions, zone, border, settlements.

(function (geobuffer) {
  const { facts, view } = geobuffer;

  // Round caps would close the gaps between the dashes.
  const SEA_STYLE = { dashArray: '5 6', lineCap: 'butt' };
  // The largest radius of a dot, as a share of the zone's width: a few hundred dots then hide little of it.
  const DOT_OF_WIDTH = 0.1;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const printing = window.matchMedia('print');

  function isNight() {
    return dark.matches && !printing.matches && !view.printing;
  }

  /** Return a colour by its name. Leaflet draws on a canvas, where style sheets have no effect. */
  function colour(name) {
    return facts.palette[isNight() ? 'night' : 'day'][name];
  }

  /** Return the style of the dots of a class. Classes differ in size, outline and colour. */
  function placeStyle(membership) {
    const size = facts.dots.sizes[membership];
    if (!size) return undefined;
    return {
      radius: size.radius, weight: size.outline, fillColor: colour(membership),
      color: colour(`rim_${membership}`) ?? colour(membership),
    };
  }

  /** Return the scale of dots at a zoom, as in geobuffer/viz/symbols.py. If there are few dots, they
      never shrink, because they hide nothing. */
  function dotScale(zoom, membership) {
    if (geobuffer.areFew) return 1.2;
    const rule = facts.dots.scale;
    const scale = Math.min(rule.largest, Math.max(rule.smallest, rule.at_zoom_7 + (zoom - 7) * rule.growth));
    return membership === 'outside' && zoom < rule.outside_below_zoom ? scale * rule.outside : scale;
  }

  /** Return how many pixels a kilometre is, in the middle of the map. */
  function pixelsPerKm() {
    const metres = 156543.03 * Math.cos((view.map.getCenter().lat * Math.PI) / 180);
    return (1000 * 2 ** view.map.getZoom()) / metres;
  }

  /** Return the largest radius of dots, at which most of a narrow zone is still visible. */
  function largestRadius() {
    if (geobuffer.areFew || !facts.zone.is_plain) return Infinity;
    return Math.max(0.5, view.km * pixelsPerKm() * DOT_OF_WIDTH);
  }

  function dotStyle(membership) {
    const style = placeStyle(membership);
    const scale = dotScale(view.map.getZoom(), membership);
    const radius = Math.min(style.radius * scale, largestRadius());
    // A tiny dot has no outline. If it is uncertain, we fill it at night with the yellow of the outline.
    const isTiny = radius < 2.6;
    const isRing = isTiny && membership === 'uncertain' && isNight();
    return {
      ...style, radius, weight: isTiny ? 0 : style.weight * Math.max(scale, 0.7),
      fillColor: isRing ? style.color : style.fillColor,
    };
  }

  /** Return the symbol of a town outside the zone: a ring whose size shows that of the town. */
  function townStyle(radius) {
    const scale = Math.min(1.3, Math.max(0.6, 0.6 + (view.map.getZoom() - 7) * 0.14));
    return {
      radius: radius * scale, weight: 1.3, fillColor: colour('junction'), color: colour('town'),
    };
  }

  function drawRegions(map) {
    return facts.regions.map((region) => {
      const drawn = L.polygon(geobuffer.unpackPolygons(region.shape), {
        interactive: false, smoothFactor: 0.6,
      }).addTo(map);
      drawn.land = geobuffer.landOf(region.country);
      drawn.isAtSea = region.at_sea;
      return drawn;
    });
  }

  /** Draw the lines on which regions of two countries meet. The border of the zone covers some of them. */
  function drawState(map) {
    const lines = geobuffer.unpackLines(facts.state.map((arc) => [arc]));
    return L.polyline(lines, { interactive: false, smoothFactor: 0.6 }).addTo(map);
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

  /** Clip everything that is drawn after this call to the territory of a side. */
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
    return facts.palette.day.rings.map(() =>
      L.polygon([], { interactive: false, smoothFactor: 0.25, weight: 1.2 }).addTo(map));
  }

  /** Return the colour of a ring by its number from the border outwards, and by the number of rings. */
  function ringColour(number, count) {
    return colour('rings')[Math.max(count, 1) - 1][number];
  }

  /** Return the style of a ring: its fill, and its outline, which must be visible on dark ground too. */
  function ringStyle(number, count) {
    return {
      color: colour('edge'), fillColor: ringColour(number, count),
      fillOpacity: facts.has_basemap ? 0.5 : facts.palette.fill,
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

  /** Draw the sections: the parts on land as one line, the parts at sea as a dashed line. */
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
    const starts = facts.kind === 'point'
      ? lines.flatMap((parts) => parts.map((part) => part[0]))
      : lines.slice(1).map((parts) => parts[0][0]);
    return starts.map((start) =>
      L.circleMarker(start, {
        interactive: false, radius: 3.6, weight: 1.6, fillOpacity: 1,
      }).addTo(map));
  }

  function drawPlaces(map) {
    const dots = new geobuffer.Dots([...geobuffer.towns, ...geobuffer.places], dotStyle).addTo(map);
    startDots(dots, geobuffer.describeBriefly, (place) => geobuffer.openPlace(place));
    return dots;
  }

  /** Describe the dot under the pointer in a tooltip, and open it at a click. */
  function startDots(dots, describe, open) {
    let pointed = null;
    dots.on('mouseover mousemove', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (!place || place === pointed) return;
      pointed = place;
      if (dots.isTooltipOpen()) dots.setTooltipContent(describe(place));
    });
    // We bind the tooltip after the handler above: both run at the same event, and the tooltip needs its
    // result.
    dots.bindTooltip(() => describe(pointed), { sticky: true, direction: 'top' });
    dots.on('click', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (place) open(place);
    });
  }

  function showRings() {
    const shown = geobuffer.rings();
    view.layers.rings.forEach((layer, i) => {
      layer.setStyle(ringStyle(i, shown.length));
      layer.setLatLngs(shown[i]?.shape ?? []);
    });
    const styles = shown.map((ring, i) => ({ ...ring, ...ringStyle(i, shown.length) }));
    const options = geobuffer.swathOptions(styles[0]);
    view.layers.swath.setRings(styles.filter((ring) => !ring.shape), options);
    view.layers.band.setRings(geobuffer.bandKm() ? [{ to: view.km }] : [], { ...options, fillOpacity: 1 });
  }

  /** Redraw what the width, the side or a checkbox changes. */
  function redraw() {
    showRings();
    view.layers.dots.redraw();
  }

  function restyle() {
    const { regions, state, sections, junctions } = view.layers;
    const { lineWidth } = geobuffer;
    geobuffer.styleGround();
    const border = {
      color: colour('region'), weight: lineWidth(0.6, 1), dashArray: '4 3', stroke: view.regions,
    };
    // We do not fill regions with much sea as land: the ground below them shows their coast.
    const isFilled = (layer) => !facts.has_basemap && !(layer.isAtSea && geobuffer.isGroundShown());
    regions.forEach((layer) => layer.setStyle({
      ...border, fillColor: colour(layer.land), fillOpacity: isFilled(layer) ? 1 : 0,
    }));
    state.setStyle({ color: colour('state'), weight: lineWidth(1.2, 2.2), stroke: view.regions });
    sections.forEach((layer) =>
      layer.setStyle({ color: colour('border'), weight: lineWidth(0.8, 2.8) }));
    const radius = lineWidth(1.4, 3.8);
    junctions.forEach((layer) => layer.setRadius(radius).setStyle({
      color: colour('border'), fillColor: colour('junction'), weight: radius / 2.4,
    }));
    redraw();
    geobuffer.showLocator();
  }

  /** Draw everything, and again when the colour scheme changes. */
  function draw(map) {
    view.layers = { lands: geobuffer.drawLands(map), regions: drawRegions(map) };
    view.layers.groundLines = geobuffer.drawGroundLines(map);
    view.layers.state = drawState(map);
    view.layers.sides = drawSides(map);
    view.layers.rings = makeRings(map);
    view.layers.swath = new geobuffer.Swath().addTo(map);
    view.layers.band = new geobuffer.Band().addTo(map);
    view.layers.sections = drawSections(map);
    view.layers.junctions = drawJunctions(map);
    view.layers.dots = drawPlaces(map);
    geobuffer.startLocator(map);
    restyle();
    map.on('zoomend', restyle);
    dark.addEventListener('change', () => {
      restyle();
      geobuffer.showPanel();
      geobuffer.showLabels();
    });
  }

  Object.assign(geobuffer, {
    draw, redraw, restyle, startDots, clipToSide, colour, placeStyle, townStyle, ringStyle, pixelsPerKm,
    SEA_STYLE,
  });
})(window.geobuffer);
