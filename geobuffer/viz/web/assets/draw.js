'use strict';
// The layers of the map: regions, zone, border, settlements; all on one canvas.

(function (geobuffer) {
  const { facts, view } = geobuffer;

  // Leaflet draws on a canvas, which no style sheet reaches: the colours of the night are here.
  const NIGHT = {
    border: '#f4f4f4', region: '#7d8794', land: '#20262d', rim: '#0d1014', junction: '#0d1014',
    edge: '#6db6e8',
  };
  const DAY = { land: '#fbfaf7', rim: '#1a1a1a', junction: '#ffffff' };
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

  /** The territory of each side: not seen itself, but what a sketch is cut to. */
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

  /** A ring of the zone, cut to a side's territory where it is a sketch of both. */
  const Ring = L.Polygon.extend({
    clip: null,

    _updatePath() {
      if (!this._renderer._drawing || !this._parts.length) return;
      const ctx = this._renderer._ctx;
      ctx.save();
      if (this.clip) this._cut(ctx);
      this._renderer._updatePoly(this, true);
      ctx.restore();
    },

    _cut(ctx) {
      const { min, max } = this._renderer._bounds;
      const { sides } = view.layers;
      const side = sides[this.clip];
      const other = Object.values(sides).find((one) => one !== side);
      ctx.beginPath();
      // A side without territory of its own is all that is not the other's.
      if (!side.isGiven) ctx.rect(min.x, min.y, max.x - min.x, max.y - min.y);
      for (const part of (side.isGiven ? side : other)._parts) {
        part.forEach((point, i) => (i ? ctx.lineTo(point.x, point.y) : ctx.moveTo(point.x, point.y)));
        ctx.closePath();
      }
      ctx.clip('evenodd');
    },
  });

  /** As many layers as there can be rings: layers made later would lie over the border. */
  function makeRings(map) {
    // Coarser, and an arc is seen to be made of straight pieces.
    return facts.palette.rings.map(() =>
      new Ring([], { interactive: false, smoothFactor: 0.25, weight: 1.2 }).addTo(map));
  }

  /** The colour of a ring among so many, the nearest to the border first. */
  function ringColour(number, count) {
    return facts.palette.rings[Math.max(count, 1) - 1][number];
  }

  /** A ring's fill, and the line about it, which must be seen on dark ground too. */
  function ringStyle(number, count) {
    const fillColor = ringColour(number, count);
    const alone = count === 1;
    return {
      color: isNight() ? NIGHT.edge : ringColour(0, 1), fillColor,
      fillOpacity: (isNight() ? 0.45 : 0.28) + (alone ? 0 : 0.14),
    };
  }

  function drawSections(map) {
    return facts.border.sections.map((section) => {
      const drawn = L.polyline(geobuffer.unpackLines(section.shape), {
        weight: 2.4, smoothFactor: 0.6,
      }).addTo(map);
      drawn.bindTooltip(() => geobuffer.describeSection(section), { sticky: true });
      drawn.on('click', (event) => geobuffer.openSection(section, event.latlng));
      return drawn;
    });
  }

  /** A point where one section of the border ends and the next begins; or all that there is. */
  function drawJunctions(map, sections) {
    const starts = facts.of_points
      ? sections.flatMap((drawn) => drawn.getLatLngs().map((part) => part[0]))
      : sections.slice(1).map((drawn) => drawn.getLatLngs()[0][0]);
    return starts.map((start) =>
      L.circleMarker(start, {
        interactive: false, radius: 3.6, weight: 1.6, fillOpacity: 1,
      }).addTo(map));
  }

  function drawPlaces(map) {
    const dots = new geobuffer.Dots(geobuffer.places, dotStyle).addTo(map);
    let told = null;
    dots.on('mouseover mousemove', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (!place || place === told) return;
      told = place;
      if (dots.isTooltipOpen()) dots.setTooltipContent(geobuffer.describeBriefly(place));
    });
    // Bound after: it opens at the same event, and must know of what to tell.
    dots.bindTooltip(() => geobuffer.describeBriefly(told), { sticky: true, direction: 'top' });
    dots.on('click', (event) => {
      const place = dots.placeAt(event.layerPoint);
      if (place) geobuffer.openPlace(place);
    });
    return dots;
  }

  function showRings() {
    const shown = geobuffer.rings();
    view.layers.rings.forEach((layer, i) => {
      layer.clip = shown[i]?.clip ?? null;
      layer.setStyle(ringStyle(i, shown.length));
      layer.setLatLngs(shown[i]?.shape ?? []);
    });
  }

  /** Draw anew what the width, the side or a switch has changed. */
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

  /** Draw everything, and keep it in step with the scheme of colours. */
  function draw(map) {
    view.layers = { regions: drawRegions(map), sides: drawSides(map), rings: makeRings(map) };
    view.layers.sections = drawSections(map);
    view.layers.junctions = drawJunctions(map, view.layers.sections);
    view.layers.dots = drawPlaces(map);
    restyle();
    dark.addEventListener('change', () => {
      restyle();
      geobuffer.showPanel();
    });
  }

  Object.assign(geobuffer, { draw, redraw, restyle, colour, placeStyle, ringStyle });
})(window.geobuffer);
