// Find names on the map that lie over something, lines to names that are too long or cross something,
// and places inside without a name. Computed from the page's elements and geometry, not from the code
// that places the names.
const { map, layers, language } = geobuffer.view;
const frame = map.getContainer().getBoundingClientRect();
const size = map.getSize();

function boxesOf(selector) {
  return Array.from(document.querySelectorAll(selector), (one) => {
    const box = one.getBoundingClientRect();
    return {
      text: one.textContent, kind: one.className, left: box.left - frame.left,
      right: box.right - frame.left, top: box.top - frame.top, bottom: box.bottom - frame.top,
    };
  });
}

/** Return whether a segment meets a box. */
function meets(a, b, box) {
  let [start, end] = [0, 1];
  for (const [step, room] of [[a.x - b.x, a.x - box.left], [b.x - a.x, box.right - a.x],
    [a.y - b.y, a.y - box.top], [b.y - a.y, box.bottom - a.y]]) {
    if (step === 0) {
      if (room < 0) return false;
    } else if (step < 0) start = Math.max(start, room / step);
    else end = Math.min(end, room / step);
  }
  return start <= end;
}

function isOver(lines, box) {
  return lines.some((line) => line.some((point, i) => i && meets(line[i - 1], point, box)));
}

const project = (line) => line.map((point) => map.latLngToContainerPoint(point));
const border = geobuffer.facts.border.sections
  .flatMap((section) => geobuffer.unpackLines(section.shape)).map(project);
const edges = geobuffer.rings().flatMap((ring) => (ring.shape ?? []).flat())
  .map((line) => project([...line, line[0]]));
const dots = layers.dots.listShown().map((dot) =>
  ({ ...dot, ...map.latLngToContainerPoint([dot.place.lat, dot.place.lon]) }));
const controls = boxesOf('.leaflet-control');
const labels = boxesOf('.label');

function holdsDot(box) {
  return dots.some(({ x, y, radius }) => Math.hypot(
    x - Math.max(box.left, Math.min(box.right, x)), y - Math.max(box.top, Math.min(box.bottom, y)),
  ) < radius);
}

function overlaps(box, others) {
  return others.some((one) => one !== box && one.left < box.right && box.left < one.right
    && one.top < box.bottom && box.top < one.bottom);
}

const leaders = Array.from(document.querySelectorAll('.leaders line'), (line) => [
  { x: line.x1.baseVal.value, y: line.y1.baseVal.value },
  { x: line.x2.baseVal.value, y: line.y2.baseVal.value },
]);

/** Return the label at which a line ends: the nearest. */
function labelAt([, { x, y }]) {
  const away = (box) => Math.hypot(x - Math.max(box.left, Math.min(box.right, x)),
    y - Math.max(box.top, Math.min(box.bottom, y)));
  return labels.reduce((best, box) => (away(box) < away(best) ? box : best));
}

/** Return whether two lines cross, by the parameters of their common point. */
function cross([a, b], [c, d]) {
  const [ux, uy, vx, vy] = [b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y];
  const area = ux * vy - uy * vx;
  const s = ((c.x - a.x) * vy - (c.y - a.y) * vx) / area;
  const t = ((c.x - a.x) * uy - (c.y - a.y) * ux) / area;
  return s > 0 && s < 1 && t > 0 && t < 1;
}

/** Return the part of a line beyond its dot and some pixels, in which the border may begin. */
function beyondDot([from, to]) {
  const share = Math.min(1, 12 / Math.hypot(to.x - from.x, to.y - from.y));
  return [{ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) }, to];
}

function countCrossed(lines, leader) {
  return lines.reduce((sum, line) =>
    sum + line.filter((point, i) => i && cross([line[i - 1], point], leader)).length, 0);
}

function isOverDot([from, to]) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const away = (dot) => Math.hypot(dot.x - from.x, dot.y - from.y);
  const own = dots.reduce((best, dot) => (away(dot) < away(best) ? dot : best));
  return dots.some(({ x, y }) => {
    const along = ((x - from.x) * (to.x - from.x) + (y - from.y) * (to.y - from.y)) / length;
    const across = ((x - from.x) * (to.y - from.y) - (y - from.y) * (to.x - from.x)) / length;
    return along > own.radius + 4 && along < length && Math.abs(across) < 0.5;
  });
}

// The few places that must be named may lead across dots and the border.
const ends = leaders.map((line) => ({ line, end: labelAt(line) }));
const free = ends.filter(({ end }) => !end.kind.includes('label-named'));
const shrink = (box) => ({ ...box, top: box.top + 1.5, bottom: box.bottom - 1.5 });
const textsOf = (found) => found.map(({ end }) => end.text);

function isVisible({ x, y }) {
  const point = { left: x, right: x, top: y, bottom: y };
  return x >= 0 && y >= 0 && x <= size.x && y <= size.y && !overlaps(point, controls);
}

const inside = dots.filter((dot) => dot.place.membership === 'inside' && isVisible(dot))
  .map((dot) => geobuffer.nameOf(dot.place, language));
const named = labels.filter(({ kind }) => /label-(inside|named)/.test(kind)).map(({ text }) => text);
const textOf = (boxes) => boxes.map(({ text }) => text);
return {
  labels: labels.length,
  inside: inside.length,
  unnamed: inside.filter((name) => !named.includes(name)),
  border: textOf(labels.filter((box) => isOver(border, box))),
  edge: textOf(labels.filter((box) => isOver(edges, box))),
  dot: textOf(labels.filter(holdsDot)),
  label: textOf(labels.filter((box) => overlaps(box, labels))),
  control: textOf(labels.filter((box) => overlaps(box, controls))),
  leaders: leaders.length,
  long: textsOf(ends.filter(({ line: [from, to], end }) => Math.hypot(to.x - from.x, to.y - from.y)
    > (end.kind.includes('label-named') ? 151 : 121))),
  crossing: textsOf(ends.filter(({ line }) => leaders.some((other) => other !== line && cross(line, other)))),
  through: textsOf(ends.filter(({ line, end }) => labels.some((box) =>
    box !== end && meets(...line, shrink(box))))),
  across: textsOf(free.filter(({ line }) => countCrossed(border, beyondDot(line)) > 0)),
  edges: textsOf(free.filter(({ line }) => countCrossed(edges, beyondDot(line)) > 1)),
  passing: textsOf(free.filter(({ line }) => isOverDot(line))),
};
