'use strict';
// Place the names on the map by the rules of geobuffer/viz/label_rules.json: the most important first,
// never over the border, the edge of the zone, a dot, a button or another name.

(function (geobuffer) {
  const { facts, meets, overlap, view } = geobuffer;
  const rules = facts.label_rules;
  // We draw obstacles on a small canvas. One of its pixels stands for this many of the map in each axis.
  const CELL = 2;
  // The height of a line of text, as a multiple of its size.
  const LINE = 1.1;
  // Ranks of areas, and of places around the zone.
  const AREAS = ['country', 'region'];
  const AROUND = ['city', 'town', 'outside'];
  // The colour of the rims of dots. It is bright enough to keep names away, but lines may cross it.
  const RIM = '#006000';
  // A cell is drawn on if its colours add up to more than this, of 255 each.
  const DRAWN = 40;
  const BRIGHT = 128;
  // The part of a dot that lines must not cross, as a share of the dot's radius.
  const CORE = 0.5;
  // The least radius of that part: a smaller one would not be bright in any cell.
  const MIN_CORE = 0.75 * CELL;
  // If a line reaches a name from above or below, it may end at these shares of the name, the best first.
  const SHARES = [0.5, 0.25, 0.75, 0, 1];
  // The least distance of the name of an area from the zone, in pixels.
  const GAP = 4;
  // Dots may be close to the border, so the border may cross the first pixels of a line beyond its dot.
  const NEAR_BORDER = 6;
  // A line begins on its own dot with its rim, so we do not test this many pixels beyond the dot.
  const OWN_DOT = CELL + 1;
  const FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const widths = new Map();
  const BOLD = ['named', 'inside', 'uncertain', 'region', 'country'];

  /** Return the width of a text in pixels, as the style sheet draws its kind. */
  function measure(text, kind) {
    const key = `${kind} ${text}`;
    if (!widths.has(key)) {
      const size = rules.sizes[kind];
      pen.font = `${BOLD.includes(kind) ? 600 : 400} ${size}px ${FONT}`;
      const space = (rules.spacing[kind] ?? 0) * size;
      widths.set(key, pen.measureText(text).width + space * Array.from(text).length);
    }
    return widths.get(key);
  }

  // --- what names must not cover ---

  /** Trace the parts of Leaflet's lines that are visible, where they are on the screen. */
  function traceParts(layers, at) {
    pen.beginPath();
    for (const part of layers.flatMap((layer) => layer._parts ?? [])) {
      part.forEach((point, i) => (
        i ? pen.lineTo(point.x + at.x, point.y + at.y) : pen.moveTo(point.x + at.x, point.y + at.y)));
    }
  }

  function strokeParts(layers, at, colour, wide) {
    traceParts(layers, at);
    pen.strokeStyle = colour;
    pen.lineWidth = wide;
    pen.stroke();
  }

  /** Return how many cells above and left of each cell are drawn on: a summed-area table. */
  function sumCells(pixels, columns, rows) {
    const sums = new Int32Array((columns + 1) * (rows + 1));
    for (let y = 0; y < rows; y += 1) {
      let line = 0;
      for (let x = 0; x < columns; x += 1) {
        const cell = 4 * (y * columns + x);
        if (pixels[cell] + pixels[cell + 1] + pixels[cell + 2] > DRAWN) line += 1;
        sums[(y + 1) * (columns + 1) + x + 1] = sums[y * (columns + 1) + x + 1] + line;
      }
    }
    return sums;
  }

  /** Draw the fill or the edge of a zone at another width than its own, with some space around it. */
  function addSwath(swath, at, isEdge) {
    if (!swath._rings.length) return;
    const canvas = swath._canvases[isEdge ? 1 : 0];
    const off = isEdge ? rules.line_air + 1 : GAP;
    const { min, max } = swath._renderer._bounds;
    pen.save();
    pen.translate(at.x, at.y);
    if (swath.clip) geobuffer.clipToSide(pen, swath.clip);
    const seen = document.createElement('canvas');
    Object.assign(seen, { width: canvas.width, height: canvas.height });
    const copy = seen.getContext('2d');
    copy.drawImage(canvas, 0, 0);
    copy.globalCompositeOperation = 'source-in';
    copy.fillStyle = '#00f';
    copy.fillRect(0, 0, seen.width, seen.height);
    for (const [x, y] of [[0, 0], [off, 0], [-off, 0], [0, off], [0, -off]]) {
      pen.drawImage(seen, min.x + x, min.y + y, max.x - min.x, max.y - min.y);
    }
    pen.restore();
  }

  /**
   * Draw what no name may cover, with some space: the border red, dots green, edges of the zone blue.
   * Lines must not cross what is bright.
   */
  function drawObstacles(at, dots) {
    const { rings, swath, sections, junctions } = view.layers;
    const clear = 2 * rules.line_air + CELL;
    strokeParts(rings, at, '#00f', 1.2 + clear);
    addSwath(swath, at, true);
    strokeParts(sections, at, '#f00', (sections[0]?.options.weight ?? 1) + clear);
    const points = junctions.filter((one) => one._point)
      .map((one) => ({ x: one._point.x, y: one._point.y, radius: one._radius + 1 }));
    const parts = [
      [RIM, (radius) => radius + CELL / 2], ['#0f0', (radius) => Math.max(MIN_CORE, radius * CORE)],
    ];
    for (const [colour, radiusOf] of parts) {
      pen.fillStyle = colour;
      pen.beginPath();
      for (const { x, y, radius } of [...dots, ...points]) {
        pen.moveTo(x + at.x + radiusOf(radius), y + at.y);
        pen.arc(x + at.x, y + at.y, radiusOf(radius), 0, 2 * Math.PI);
      }
      pen.fill();
    }
  }

  function drawZone(at) {
    const { rings, swath } = view.layers;
    traceParts(rings, at);
    pen.fillStyle = '#00f';
    pen.fill('evenodd');
    // The hatching beyond the edge counts as a part of the zone.
    strokeParts(rings, at, '#00f', 2 * (GAP + geobuffer.bandKm() * geobuffer.pixelsPerKm()));
    addSwath(swath, at, false);
  }

  /** Return the cells of obstacles: those that no name may cover, and those that no name of an area may. */
  function makeField(map, dots) {
    const size = map.getSize();
    const at = map.containerPointToLayerPoint([0, 0]).multiplyBy(-1);
    const [columns, rows] = [Math.ceil(size.x / CELL), Math.ceil(size.y / CELL)];
    Object.assign(pen.canvas, { width: columns, height: rows });
    pen.setTransform(1 / CELL, 0, 0, 1 / CELL, 0, 0);
    const sides = readSides(at, columns, rows);
    pen.clearRect(0, 0, size.x, size.y);
    pen.globalCompositeOperation = 'lighter';
    drawObstacles(at, dots);
    const pixels = pen.getImageData(0, 0, columns, rows).data;
    drawZone(at);
    const all = sumCells(pen.getImageData(0, 0, columns, rows).data, columns, rows);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = 'source-over';
    return { columns, rows, size, at, sides, pixels, hard: sumCells(pixels, columns, rows), all };
  }

  /** Return a box's cells of the field: left, top, right, bottom. */
  function cellsOf({ columns, rows }, box) {
    const clamp = (value, most) => Math.min(most, Math.max(0, value));
    return [
      clamp(Math.floor(box.left / CELL), columns), clamp(Math.floor(box.top / CELL), rows),
      clamp(Math.ceil(box.right / CELL), columns), clamp(Math.ceil(box.bottom / CELL), rows),
    ];
  }

  function isFree(field, sums, box) {
    const [left, top, right, bottom] = cellsOf(field, box);
    const row = field.columns + 1;
    return sums[bottom * row + right] - sums[top * row + right]
      - sums[bottom * row + left] + sums[top * row + left] === 0;
  }

  /** Return the territories of the sides as pixels: red is the first side, green the second. */
  function readSides(at, columns, rows) {
    const sides = Object.entries(view.layers.sides);
    const given = sides.filter(([, side]) => side.isGiven);
    given.forEach(([name, side]) => {
      traceParts([side], at);
      pen.fillStyle = name === sides[0][0] ? '#f00' : '#0f0';
      pen.fill('evenodd');
    });
    return given.length ? pen.getImageData(0, 0, columns, rows).data : null;
  }

  /** Return where a cell of the field begins in its pixels; -1 outside the map. */
  function cellAt({ columns, rows }, x, y) {
    if (x < 0 || y < 0 || x >= columns * CELL || y >= rows * CELL) return -1;
    return 4 * (Math.floor(y / CELL) * columns + Math.floor(x / CELL));
  }

  /** Return whether a cell does not lie in the territory across the border from the place of a label. */
  function isOnSide({ sides }, label, cell) {
    if (!sides || !label.side || cell < 0) return true;
    return sides[label.side === facts.sides[0].name ? cell + 1 : cell] < BRIGHT;
  }

  /** Return whether a name is on the side of its place; if not, the place would seem to lie elsewhere. */
  function staysOnSide(field, label, box) {
    const cell = cellAt(field, (box.left + box.right) / 2, (box.top + box.bottom) / 2);
    return isOnSide(field, label, cell);
  }

  /**
   * Return whether a name stands in the territory of its place's side. A name whose line crosses the border
   * must: beyond the regions that are given, it could lie in the other country.
   */
  function isAtHome({ sides, ...field }, label, box) {
    if (!sides || !label.side) return true;
    const cell = cellAt(field, (box.left + box.right) / 2, (box.top + box.bottom) / 2);
    return sides[label.side === facts.sides[0].name ? cell : cell + 1] > BRIGHT;
  }

  /**
   * Return whether a line may lead to a name. With lenience 0, it must cross neither the border nor
   * another dot, and no edge of the zone twice. With 1, it must only not cross the border. With 2, it
   * may cross everything.
   */
  function isWayClear(field, label, [from, to], lenience) {
    if (lenience > 1) return true;
    const { pixels } = field;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    let [edges, wasEdge] = [0, false];
    for (let along = label.radius + OWN_DOT; along < length; along += CELL) {
      const x = from.x + ((to.x - from.x) * along) / length;
      const cell = cellAt(field, x, from.y + ((to.y - from.y) * along) / length);
      const isBeyond = along > label.radius + NEAR_BORDER
        && (pixels[cell] > BRIGHT || !isOnSide(field, label, cell));
      if (isBeyond || (!lenience && pixels[cell + 1] > BRIGHT)) return false;
      const isEdge = pixels[cell + 2] > BRIGHT;
      if (isEdge && !wasEdge) edges += 1;
      wasEdge = isEdge;
    }
    return lenience > 0 || edges <= Math.max(1, view.layers.rings.length);
  }

  // --- where a name may stand ---

  function boxAt(label, x, y) {
    return { left: x, right: x + label.wide, top: y, bottom: y + label.high };
  }

  /** Yield the boxes beside a dot, the best first. */
  function* besideBoxes(label) {
    const gap = label.radius + rules.gap;
    for (const [dx, dy] of rules.positions) {
      const near = dx && dy ? gap * 0.7 : gap;
      const x = label.x + dx * near - (dx < 0 ? label.wide : 0) - (dx ? 0 : label.wide / 2);
      const y = label.y - dy * near - (dy > 0 ? label.high : 0) - (dy ? 0 : label.high / 2);
      yield boxAt(label, x, y);
    }
  }

  /** Yield the boxes at the ends of lines from a dot, the shortest lines first. */
  function* leaderBoxes(label, longest) {
    const { lengths, directions } = rules.leader;
    for (const length of lengths.filter((one) => one <= longest)) {
      for (let i = 0; i < directions; i += 1) {
        const angle = (2 * Math.PI * i) / directions;
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        const y = label.y - dy * length + (dy > 0.3 ? -label.high : dy < -0.3 ? 0 : -label.high / 2);
        for (const share of dx > 0.3 ? [0] : dx < -0.3 ? [1] : SHARES) {
          yield boxAt(label, label.x + dx * length - share * label.wide, y);
        }
      }
    }
  }

  function* areaBoxes(label) {
    for (const { x, y } of label.points) {
      for (const shift of [0, -label.high, label.high, -2 * label.high, 2 * label.high]) {
        yield boxAt(label, x - label.wide / 2, y + shift - label.high / 2);
      }
    }
  }

  /** Return the line from a dot to the nearest point of a box, and its length. */
  function leadTo(label, box) {
    const from = { x: label.x, y: label.y };
    const to = {
      x: Math.min(box.right, Math.max(box.left, from.x)),
      y: Math.min(box.bottom, Math.max(box.top, from.y)),
    };
    return { line: [from, to], length: Math.hypot(to.x - from.x, to.y - from.y) };
  }

  function isClear({ size, taken, ...field }, sums, box) {
    if (box.left < 2 || box.right > size.x - 2 || box.top < 2 || box.bottom > size.y - 2) return false;
    return isFree(field, sums, box) && !taken.some((other) => overlap(box, other, rules.air));
  }

  /** Return the greatest length of a line from a dot to its name; 0 if it must have no line. */
  function longestLeader(label, zoom) {
    const { classes, from_zoom: from, longest } = rules.leader;
    const may = ['named', 'first'].includes(label.rank) || (zoom >= from && classes.includes(label.kind));
    return may ? longest[label.rank] ?? longest.others : 0;
  }

  /**
   * Return where a name may stand if there are no other names, the best first: a box, perhaps the line
   * that leads to it, and the box around both.
   */
  function listSpots(field, label, zoom, lenience) {
    if (label.points) {
      return [...areaBoxes(label)].filter((box) => isClear(field, field.all, box))
        .map((box) => ({ box, length: 0, reach: box }));
    }
    const mayStand = (box) => isClear(field, field.hard, box) && staysOnSide(field, label, box);
    const beside = [...besideBoxes(label)].filter(mayStand).map((box) => ({ box, length: 0, reach: box }));
    const led = [...leaderBoxes(label, longestLeader(label, zoom))].filter(mayStand)
      .map((box) => ({ box, ...leadTo(label, box), reach: stretch(box, label) }))
      .filter(({ line }) => !field.taken.some((other) => meets(line, other)));
    const clear = led.filter(({ line }) => isWayClear(field, label, line, 0));
    const more = lenience ? led.filter(({ line, box }) => isWayClear(field, label, line, lenience)
      && (lenience < 2 || isAtHome(field, label, box))) : [];
    // Lines with crossings come last: we use them only if no clear line has room, even if names move.
    return [...beside, ...clear, ...more.map((spot) => ({ ...spot, length: Infinity }))];
  }

  /** Return a box, enlarged to contain a point. */
  function stretch({ left, right, top, bottom }, { x, y }) {
    return {
      left: Math.min(left, x), right: Math.max(right, x), top: Math.min(top, y), bottom: Math.max(bottom, y),
    };
  }

  // --- which names are wanted ---

  /** Return whether a place ranks before others of its class, as larger places in the zone do. */
  function isFirst({ kind, place }) {
    return ['inside', 'uncertain'].includes(kind) && (place.population ?? 0) >= rules.first_from;
  }

  /** Return the kind of a place's label, one of those in the order of the rules. */
  function kindOf(dot) {
    const { place } = dot;
    if (place.named) return 'named';
    if (place.membership !== 'outside') return place.membership;
    return dot.isTown ? 'town' : 'outside';
  }

  /** Return the position of a dot's name in the order of the rules. */
  function rankOf(dot) {
    const isCity = dot.kind === 'town' && dot.place.population >= rules.city_from;
    return rules.order.indexOf(isFirst(dot) ? 'first' : isCity ? 'city' : dot.kind);
  }

  function isNamed(kind, place, zoom) {
    if (kind !== 'outside' && kind !== 'town') return true;
    if (geobuffer.areFew) return true;
    const [, least] = rules.outside_from.find(([below]) => zoom < below);
    return (place.population ?? 0) >= least;
  }

  /** Return the population by which we order places of a class; the rules replace an unknown one. */
  function peopleOf(place) {
    return place.population ?? rules.unknown_as;
  }

  function placeLabels(field, dots, zoom) {
    const { language } = view;
    const tried = new Map(); // how many names of each rank
    return dots.map((dot) => ({ ...dot, kind: kindOf(dot) }))
      .filter(({ kind, place, x, y }) => isNamed(kind, place, zoom)
        && x + field.at.x >= 0 && x + field.at.x <= field.size.x
        && y + field.at.y >= 0 && y + field.at.y <= field.size.y)
      .sort((a, b) => rankOf(a) - rankOf(b) || peopleOf(b.place) - peopleOf(a.place))
      .filter((dot) => {
        tried.set(rankOf(dot), (tried.get(rankOf(dot)) ?? 0) + 1);
        return tried.get(rankOf(dot)) <= rules.most.tried;
      })
      .map((dot) => makeLabel(dot.kind, geobuffer.nameOf(dot.place, language), {
        x: dot.x + field.at.x, y: dot.y + field.at.y, radius: dot.radius, side: dot.place.side,
        rank: rules.order[rankOf(dot)], weight: peopleOf(dot.place),
      }));
  }

  function makeLabel(kind, text, more) {
    const high = Math.ceil(rules.sizes[kind] * LINE);
    return { kind, rank: kind, text, wide: Math.ceil(measure(text, kind)), high, ...more };
  }

  /** Return the label of an area, which stands at the first of its points at which it has room. */
  function areaLabel(kind, text, points) {
    const at = points.map(([lat, lon]) =>
      view.map.latLngToContainerPoint([lat, geobuffer.unwrapLongitude(lon)]));
    return makeLabel(kind, text, { points: at });
  }

  function areaLabels() {
    if (!view.regions) return [];
    const { language } = view;
    const countries = facts.ground.countries.map(({ names, labels }) =>
      areaLabel('country', geobuffer.pickText(names).toLocaleUpperCase(language), labels));
    const known = new Set(facts.countries.map(({ names }) => geobuffer.pickText(names)));
    const regions = facts.regions.filter(({ names }) => !known.has(geobuffer.pickText(names)))
      .map(({ names, labels }) => areaLabel('region', geobuffer.pickText(names), labels));
    return [...countries, ...regions];
  }

  /** Return the boxes of the buttons and texts of the map. */
  function boxesOfControls(map) {
    const container = map.getContainer().getBoundingClientRect();
    const controls = map.getContainer().querySelectorAll('.leaflet-control');
    return Array.from(controls, (control) => control.getBoundingClientRect()).map((box) => ({
      left: box.left - container.left, right: box.right - container.left,
      top: box.top - container.top, bottom: box.bottom - container.top,
    }));
  }

  // --- placing and showing ---

  /** Return the labels that have room, each with its spot. We place the first ranks first. */
  function placeAll(field, labels, zoom) {
    const placed = [];
    const { below_zoom: below, area_per_name: area } = rules.most;
    const room = zoom < below && !geobuffer.areFew ? (field.size.x * field.size.y) / area : Infinity;
    // We place the names in the zone first, so that names around it get only the room that is left.
    const left = { true: room, false: room };
    for (const rank of rules.order) {
      const ranked = labels.filter((label) => label.rank === rank);
      const place = (some, lenience, most) => geobuffer.arrange(some.map((label) =>
        Object.assign(label, { spots: listSpots(field, label, zoom, lenience) })), placed, most);
      const isAround = AROUND.includes(rank);
      const counts = !AREAS.includes(rank) && rank !== 'named';
      const found = place(ranked, rank === 'named' ? 1 : 0, counts ? left[isAround] : Infinity);
      placed.push(...found);
      if (counts) left[isAround] -= found.length;
      // A place that must be named may have a line across dots or, if necessary, across the border.
      if (rank === 'named') placed.push(...place(ranked.filter(({ spot }) => !spot), 2, Infinity));
    }
    return placed;
  }

  function makeElement(label, at) {
    const text = geobuffer.element('span', '', label.text);
    const made = geobuffer.element('div', `label label-${label.kind}`, text);
    const { box } = label.spot;
    const size = rules.sizes[label.kind];
    Object.assign(made.style, {
      left: `${box.left - at.x}px`, top: `${box.top - at.y}px`,
      width: `${label.wide}px`, height: `${label.high}px`,
      fontSize: `${size}px`, lineHeight: `${label.high}px`,
      letterSpacing: `${(rules.spacing[label.kind] ?? 0) * size}px`, color: inkOf(label.kind),
    });
    return made;
  }

  function inkOf(kind) {
    if (kind === 'country') return geobuffer.colour('country');
    return geobuffer.colour(kind === 'outside' || kind === 'region' ? 'quiet' : 'ink');
  }

  function makeLeaders(placed, field) {
    const led = placed.filter(({ spot }) => spot.line);
    const lines = led.map(({ spot: { line: [from, to] } }) => geobuffer.svg('line', {
      x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke: geobuffer.colour('ink'), 'stroke-width': 0.7,
    }));
    const made = geobuffer.svg('svg', {
      width: field.size.x, height: field.size.y, class: 'leaders',
    }, ...lines);
    Object.assign(made.style, { left: `${-field.at.x}px`, top: `${-field.at.y}px` });
    return made;
  }

  function showLabels() {
    const { map } = view;
    const zoom = map.getZoom();
    const dots = view.layers.dots.listShown();
    const field = { ...makeField(map, dots), taken: boxesOfControls(map) };
    const labels = [...placeLabels(field, dots, zoom), ...areaLabels()];
    const placed = placeAll(field, labels, zoom);
    pane.replaceChildren(
      makeLeaders(placed, field), ...placed.map((label) => makeElement(label, field.at)));
  }

  let pane = null;

  function startLabels(map) {
    pane = map.createPane('geobuffer-labels');
    pane.setAttribute('aria-hidden', 'true');
    // Leaflet fires 'viewreset' at the end of a jump. Only then do the layers have their new positions.
    map.on('moveend resize viewreset', showLabels);
    // While the map zooms, Leaflet scales its layers but not the names, so we remove the names.
    map.on('zoomstart', () => pane.replaceChildren());
  }

  Object.assign(geobuffer, { startLabels, showLabels });
})(window.geobuffer);
