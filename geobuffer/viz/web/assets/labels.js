'use strict';
// Place the names on the map by the rules of geobuffer/viz/label_rules.json: the most important first,
// never over the border, the edge of the zone, a dot, a button or another name.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  const rules = facts.label_rules;
  // Obstacles are drawn on a small canvas, a pixel of which stands for so many of the map's.
  const CELL = 2;
  // The height of a line of text, by its size.
  const LINE = 1.2;
  // How far a name of an area is from the zone.
  const OFF = 4;
  // A dot this near to the border, in pixels, may have the border under the beginning of its line.
  const NEAR_BORDER = 6;
  // The distance between points at which a line is tested, in pixels.
  const STEP = 8;
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

  /** Draw the parts of Leaflet's lines as they are on the screen. */
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

  /** Return sums over all cells above and left of each: of what is drawn in so many channels. */
  function sumCells(pixels, columns, rows, channels) {
    const sums = new Int32Array((columns + 1) * (rows + 1));
    for (let y = 0; y < rows; y += 1) {
      let line = 0;
      for (let x = 0; x < columns; x += 1) {
        const cell = 4 * (y * columns + x);
        const drawn = pixels[cell] + pixels[cell + 1] + (channels > 2 ? pixels[cell + 2] : 0);
        if (drawn > 40) line += 1;
        sums[(y + 1) * (columns + 1) + x + 1] = sums[y * (columns + 1) + x + 1] + line;
      }
    }
    return sums;
  }

  /** Add a zone that is drawn at another width than its own: its fill, and its edge with some space. */
  function addSwath(swath, at) {
    if (!swath._rings.length) return;
    const { min, max } = swath._renderer._bounds;
    pen.save();
    pen.translate(at.x, at.y);
    if (swath.clip) geobuffer.clipToSide(pen, swath.clip);
    swath._canvases.forEach((canvas, i) => {
      const seen = document.createElement('canvas');
      Object.assign(seen, { width: canvas.width, height: canvas.height });
      const copy = seen.getContext('2d');
      copy.drawImage(canvas, 0, 0);
      copy.globalCompositeOperation = 'source-in';
      copy.fillStyle = i ? '#0f0' : '#00f';
      copy.fillRect(0, 0, seen.width, seen.height);
      const off = i ? rules.line_air + 1 : OFF;
      for (const [x, y] of [[0, 0], [off, 0], [-off, 0], [0, off], [0, -off]]) {
        pen.drawImage(seen, min.x + x, min.y + y, max.x - min.x, max.y - min.y);
      }
    });
    pen.restore();
  }

  /** Return the field of obstacles: red is the border, green edges and dots, blue the whole zone. */
  function makeField(map, dots) {
    const size = map.getSize();
    const at = map.containerPointToLayerPoint([0, 0]).multiplyBy(-1);
    const [columns, rows] = [Math.ceil(size.x / CELL), Math.ceil(size.y / CELL)];
    Object.assign(pen.canvas, { width: columns, height: rows });
    pen.setTransform(1 / CELL, 0, 0, 1 / CELL, 0, 0);
    const sides = readSides(at, columns, rows);
    pen.clearRect(0, 0, size.x, size.y);
    pen.globalCompositeOperation = 'lighter';
    const { rings, swath, sections, junctions } = view.layers;
    const wide = sections[0]?.options.weight ?? 1;
    const clear = 2 * rules.line_air + CELL;
    traceParts(rings, at);
    pen.fillStyle = '#00f';
    pen.fill('evenodd');
    strokeParts(rings, at, '#00f', 2 * OFF);
    strokeParts(rings, at, '#0f0', 1.2 + clear);
    addSwath(swath, at);
    strokeParts(sections, at, '#f00', wide + clear);
    pen.fillStyle = '#0f0';
    pen.beginPath();
    const points = junctions.filter((one) => one._point)
      .map((one) => ({ x: one._point.x, y: one._point.y, radius: one._radius + 1 }));
    for (const { x, y, radius } of [...dots, ...points]) {
      pen.moveTo(x + at.x + radius, y + at.y);
      pen.arc(x + at.x, y + at.y, radius + CELL / 2, 0, 2 * Math.PI);
    }
    pen.fill();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.globalCompositeOperation = 'source-over';
    const pixels = pen.getImageData(0, 0, columns, rows).data;
    return {
      columns, rows, size, at, sides,
      hard: sumCells(pixels, columns, rows, 2), all: sumCells(pixels, columns, rows, 3),
    };
  }

  /** Return whether two lines cross. */
  function crosses([a, b], [c, d]) {
    const turn = (p, q, r) => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
    return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);
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

  function overlap(a, b, [x, y] = [0, 0]) {
    return a.left - x < b.right && b.left < a.right + x && a.top - y < b.bottom && b.top < a.bottom + y;
  }

  /** Return whether a line meets a box (Liang and Barsky, ACM Trans. Graph. 3, 1984). */
  function meets([from, to], box) {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    let [start, end] = [0, 1];
    for (const [step, room] of [[-dx, from.x - box.left], [dx, box.right - from.x],
      [-dy, from.y - box.top], [dy, box.bottom - from.y]]) {
      if (step === 0 && room < 0) return false;
      const share = room / step;
      if (step < 0) start = Math.max(start, share);
      else if (step > 0) end = Math.min(end, share);
      if (start > end) return false;
    }
    return true;
  }

  /** Return a box a little smaller: a line may touch the space above and below the letters. */
  function shrink(box) {
    return { left: box.left, right: box.right, top: box.top + 1, bottom: box.bottom - 1 };
  }

  /** Return the sides' territories as pixels: red is the first side, green the second. */
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

  /** Return whether a point lies off the other side than that of its place. */
  function isOnSide(field, label, x, y) {
    const { sides, columns, rows } = field;
    if (!sides || !label.side || x < 0 || y < 0 || x >= columns * CELL || y >= rows * CELL) return true;
    const cell = 4 * (Math.floor(y / CELL) * columns + Math.floor(x / CELL));
    return sides[label.side === facts.sides[0].name ? cell + 1 : cell] < 128;
  }

  /** Return whether a name stays on the side of its place; across the border it would seem to lie there. */
  function staysOnSide(field, label, box) {
    const [from, to] = leaderTo(label, box);
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    for (let along = label.radius + NEAR_BORDER; along < length && !label.isLenient; along += STEP) {
      const x = from.x + ((to.x - from.x) * along) / length;
      if (!isOnSide(field, label, x, from.y + ((to.y - from.y) * along) / length)) return false;
    }
    return isOnSide(field, label, (box.left + box.right) / 2, (box.top + box.bottom) / 2);
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

  /** Yield the boxes farther from a dot, the nearest first: a thin line leads to them. */
  function* leaderBoxes(label) {
    const { lengths, directions, from_zoom: from, longest_below: longest } = rules.leader;
    const most = view.map.getZoom() < from ? longest[label.rank] : Infinity;
    for (const length of lengths.filter((one) => one <= most)) {
      for (let i = 0; i < directions; i += 1) {
        const angle = (2 * Math.PI * i) / directions;
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        const x = label.x + dx * length + (dx > 0.3 ? 0 : dx < -0.3 ? -label.wide : -label.wide / 2);
        const y = label.y - dy * length + (dy > 0.3 ? -label.high : dy < -0.3 ? 0 : -label.high / 2);
        yield boxAt(label, x, y);
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

  /** Return the line from a dot to the nearest point of a box. */
  function leaderTo(label, box) {
    const to = {
      x: Math.min(box.right, Math.max(box.left, label.x)),
      y: Math.min(box.bottom, Math.max(box.top, label.y)),
    };
    return [{ x: label.x, y: label.y }, to];
  }

  function isClear(field, sums, box, placed) {
    const { size } = field;
    if (box.left < 2 || box.right > size.x - 2 || box.top < 2 || box.bottom > size.y - 2) return false;
    return isFree(field, sums, box) && !placed.boxes.some((other) => overlap(box, other, rules.air))
      && !placed.leaders.some((line) => meets(line, shrink(box)));
  }

  function findBeside(field, label, placed) {
    for (const box of besideBoxes(label)) {
      if (isClear(field, field.hard, box, placed) && staysOnSide(field, label, box)) return { box };
    }
    return null;
  }

  function findByLeader(field, label, placed, mayCross = true) {
    for (const box of leaderBoxes(label)) {
      if (!isClear(field, field.hard, box, placed) || !staysOnSide(field, label, box)) continue;
      const line = leaderTo(label, box);
      if (!mayCross && placed.leaders.some((other) => crosses(line, other))) continue;
      if (placed.boxes.some((other) => meets(line, shrink(other)))) continue;
      return { box, line };
    }
    return null;
  }

  function findUncrossed(field, label, placed) {
    return findByLeader(field, label, placed, false);
  }

  function findInArea(field, label, placed) {
    for (const box of areaBoxes(label)) {
      if (isClear(field, field.all, box, placed)) return { box };
    }
    return null;
  }

  // --- which names are wanted ---

  /** Return whether a place ranks before others of its class: the larger ones in the zone do. */
  function isFirst({ kind, place }) {
    return ['inside', 'uncertain'].includes(kind) && (place.population ?? 0) >= rules.first_from;
  }

  /** Return what kind of label a place has, by the order of the rules. */
  function kindOf(dot) {
    const { place } = dot;
    if (place.named) return 'named';
    if (place.membership !== 'outside') return place.membership;
    return dot.isTown ? 'town' : 'outside';
  }

  /** Return the place of a dot's name in the order of the rules. */
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

  /** Return the population by which places of a class come in order: an unknown one is not zero. */
  function weigh(place) {
    return place.population ?? rules.unknown_as;
  }

  function placeLabels(field, dots, zoom) {
    const { language } = view;
    const tried = new Map(); // how many names of each rank
    return dots.map((dot) => ({ ...dot, kind: kindOf(dot) }))
      .filter(({ kind, place, x, y }) => isNamed(kind, place, zoom)
        && x + field.at.x >= 0 && x + field.at.x <= field.size.x
        && y + field.at.y >= 0 && y + field.at.y <= field.size.y)
      .sort((a, b) => rankOf(a) - rankOf(b) || weigh(b.place) - weigh(a.place))
      .filter((dot) => {
        tried.set(rankOf(dot), (tried.get(rankOf(dot)) ?? 0) + 1);
        return tried.get(rankOf(dot)) <= rules.most.tried;
      })
      .map((dot) => makeLabel(dot.kind, geobuffer.nameOf(dot.place, language), {
        x: dot.x + field.at.x, y: dot.y + field.at.y, radius: dot.radius, side: dot.place.side,
        rank: rules.order[rankOf(dot)],
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

  /** Return the boxes of the map's own buttons and texts. */
  function boxesOfControls(map) {
    const container = map.getContainer().getBoundingClientRect();
    const controls = map.getContainer().querySelectorAll('.leaflet-control');
    return Array.from(controls, (control) => control.getBoundingClientRect()).map((box) => ({
      left: box.left - container.left, right: box.right - container.left,
      top: box.top - container.top, bottom: box.bottom - container.top,
    }));
  }

  // --- placing and showing ---

  function findBox(field, label, placed) {
    return label.points ? findInArea(field, label, placed) : findBeside(field, label, placed);
  }

  /** Place a label where `find` finds room for it, and note what it takes. */
  function placeLabel(field, label, placed, find) {
    const found = find(field, label, placed);
    if (!found) return false;
    placed.boxes.push(found.box);
    if (found.line) placed.leaders.push(found.line);
    placed.labels.push({ ...label, ...found });
    return true;
  }

  /** Return whether a line may lead from a dot to its name: it must be named, or the map is close. */
  function mayLead(label, zoom) {
    const { classes, from_zoom: from } = rules.leader;
    return ['named', 'first'].includes(label.rank) || (zoom >= from && classes.includes(label.kind));
  }

  /**
   * Return the labels that have room, each with its box and perhaps a line to its dot. Of each rank,
   * names beside their dots come first; then those that need a line. Lines cross only where there is
   * no other room.
   */
  function placeAll(field, labels, zoom, taken) {
    const placed = { boxes: [...taken], leaders: [], labels: [] };
    const { below_zoom: below, area_per_name: area } = rules.most;
    const room = zoom < below && !geobuffer.areFew ? (field.size.x * field.size.y) / area : Infinity;
    // The names in the zone leave as much room to those around it.
    const left = { true: room, false: room };
    for (const rank of rules.order) {
      const waiting = labels.filter((label) => label.rank === rank).filter((label) => {
        const counts = !label.points && rank !== 'named';
        const isAround = ['city', 'town', 'outside'].includes(rank);
        if (counts && left[isAround] <= 0) return false;
        const isPlaced = placeLabel(field, label, placed, findBox);
        if (isPlaced && counts) left[isAround] -= 1;
        return !isPlaced && mayLead(label, zoom);
      });
      // From west to east, so that names come in the order of their dots.
      waiting.sort((a, b) => a.x - b.x);
      const crowded = waiting.filter((label) => !placeLabel(field, label, placed, findUncrossed));
      const lost = crowded.filter((label) => !placeLabel(field, label, placed, findByLeader));
      // A place that must be named may have a line across a corner of the other side.
      for (const label of rank === 'named' ? lost : []) {
        placeLabel(field, { ...label, isLenient: true }, placed, findByLeader);
      }
    }
    return placed.labels;
  }

  function makeElement(label, at) {
    const text = geobuffer.element('span', '', label.text);
    const made = geobuffer.element('div', `label label-${label.kind}`, text);
    const size = rules.sizes[label.kind];
    Object.assign(made.style, {
      left: `${label.box.left - at.x}px`, top: `${label.box.top - at.y}px`, width: `${label.wide}px`,
      height: `${label.high}px`, fontSize: `${size}px`, lineHeight: `${label.high}px`,
      letterSpacing: `${(rules.spacing[label.kind] ?? 0) * size}px`, color: inkOf(label.kind),
    });
    return made;
  }

  function inkOf(kind) {
    if (kind === 'country') return geobuffer.colour('country');
    return geobuffer.colour(kind === 'outside' || kind === 'region' ? 'quiet' : 'ink');
  }

  function makeLeaders(placed, field) {
    const lines = placed.filter(({ line }) => line).map(({ line: [from, to] }) => geobuffer.svg('line', {
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
    const field = makeField(map, dots);
    const labels = [...placeLabels(field, dots, zoom), ...areaLabels()];
    const placed = placeAll(field, labels, zoom, boxesOfControls(map));
    pane.replaceChildren(
      makeLeaders(placed, field), ...placed.map((label) => makeElement(label, field.at)));
  }

  let pane = null;

  function startLabels(map) {
    pane = map.createPane('geobuffer-labels');
    pane.setAttribute('aria-hidden', 'true');
    // A jump of the map ends with 'viewreset'; only then do its layers know where they are.
    map.on('moveend resize viewreset', showLabels);
    // While the map zooms, its layers are scaled; the names would not be.
    map.on('zoomstart', () => pane.replaceChildren());
  }

  Object.assign(geobuffer, { startLabels, showLabels });
})(window.geobuffer);
