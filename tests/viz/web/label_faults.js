// Find names on the map that lie over something, and places inside without a name. Computed from the
// page's elements and geometry, not from the code that places the names.
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
};
