'use strict';
// Select places by clicks, within a box or within a lasso. Only the widget has this script.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  // The table of the notebook has rows that the page leaves out, such as places far from the border.
  const rows = new Map((facts.widget?.rows ?? []).map((row, i) => [geobuffer.places[i], row]));
  // A mark is a ring around a dot. It has a least radius, so that it is visible around the smallest dots.
  const BEYOND_DOT = 3;
  const LEAST_RADIUS = 5.5;
  let selected = new Set();
  let marks = null;

  const Marks = geobuffer.Dots?.extend({
    options: { interactive: false },

    _isShown() {
      return true;
    },

    styleOf(dot) {
      return makeMark(view.layers.dots.styleOf(dot));
    },
  });

  function makeMark({ radius }) {
    return {
      radius: Math.max(radius + BEYOND_DOT, LEAST_RADIUS), weight: 2.5, color: geobuffer.SKETCH_COLOUR,
      fillColor: 'transparent',
    };
  }

  function show() {
    marks?.remove();
    const styleOf = (membership) => makeMark(view.layers.dots.styleOf({ place: { membership }, town: 0 }));
    marks = new Marks([...selected], styleOf).addTo(view.map);
    geobuffer.showTools();
  }

  /** Return whether a point lies within a closed line, by the even-odd rule. */
  function isWithin({ x, y }, line) {
    let within = false;
    line.forEach((a, i) => {
      const b = line[(i + 1) % line.length];
      if ((a.y > y) !== (b.y > y) && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) within = !within;
    });
    return within;
  }

  /** Return the places whose dots are drawn within a closed line on the map's container. */
  function findWithin(line) {
    const closed = line.map((point) => view.map.containerPointToLayerPoint(point));
    return view.layers.dots.listShown()
      .filter((dot) => rows.has(dot.place) && isWithin(dot, closed)).map(({ place }) => place);
  }

  /** Select the places within a closed line, and deselect the others unless we add to them. */
  function selectWithin(line, isAdding) {
    selected = new Set([...(isAdding ? selected : []), ...findWithin(line)]);
    show();
  }

  /** Select the place of a dot, or deselect it if it is selected. */
  function togglePlace(place) {
    if (!selected.delete(place)) selected.add(place);
    show();
  }

  /** Select the places of these rows of the notebook's table. */
  function selectRows(given) {
    const wanted = new Set(given);
    selected = new Set([...rows].filter(([, row]) => wanted.has(row)).map(([place]) => place));
    show();
  }

  /** Return the rows of the notebook's table that are selected, in their order. */
  function listSelected() {
    return Array.from(selected, (place) => rows.get(place)).sort((a, b) => a - b);
  }

  Object.assign(geobuffer, { isWithin, selectWithin, togglePlace, selectRows, listSelected });
})(window.geobuffer);
