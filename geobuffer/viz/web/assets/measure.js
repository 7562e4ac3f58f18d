'use strict';
// Measure any point: its distance from the border that is drawn, its side, its place along the border.
// Lines are lists of [latitude, longitude]; distances are kilometres on the WGS 84 ellipsoid.

(function (geobuffer) {
  const EQUATOR_KM = 6378.137;
  const FLATTENING = 1 / 298.257223563;
  const E2 = FLATTENING * (2 - FLATTENING);
  const RADIANS = Math.PI / 180;
  // The chord of a piece of 2 km runs 0.1 m below the ellipsoid.
  const PIECE_KM = 2;
  // What the formula of Lambert adds to an error: it is right to a hundred-thousandth.
  const FORMULA_ERROR = 1e-5;
  const indexes = new Map();

  /** Return a point in space, in km from the middle of the Earth. */
  function toSpace([lat, lon]) {
    const [sine, cosine] = [Math.sin(lat * RADIANS), Math.cos(lat * RADIANS)];
    const normal = EQUATOR_KM / Math.sqrt(1 - E2 * sine * sine);
    return [
      normal * cosine * Math.cos(lon * RADIANS), normal * cosine * Math.sin(lon * RADIANS),
      normal * (1 - E2) * sine,
    ];
  }

  function dot(a, b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  function minus(a, b) {
    return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  }

  function cross(a, b) {
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  }

  function interpolate([lat, lon], [toLat, toLon], share) {
    return [lat + share * (toLat - lat), lon + share * (toLon - lon)];
  }

  /** Return the vertices of a line, with more between those that lie far apart. */
  function addVertices(line) {
    const points = [];
    line.forEach((to, i) => {
      const from = line[Math.max(i - 1, 0)];
      const step = minus(toSpace(to), toSpace(from));
      const count = Math.max(1, Math.ceil(Math.sqrt(dot(step, step)) / PIECE_KM));
      for (let n = 1; n <= count; n += 1) points.push(interpolate(from, to, n / count));
    });
    return points;
  }

  /** Return the pieces of lines, each with its start, its end and what lies before it, in km. */
  function makeIndex(lines) {
    let along = 0;
    const pieces = lines.flatMap((line) => {
      const points = addVertices(line);
      const space = points.map(toSpace);
      return points.slice(1).map((to, i) => {
        const step = minus(space[i + 1], space[i]);
        const piece = {
          from: points[i], to, start: space[i], end: space[i + 1], step, along,
          square: dot(step, step),
        };
        along += Math.sqrt(piece.square);
        return piece;
      });
    });
    return { pieces, length: along };
  }

  /** Return the distance of two points: the formula of Lambert, with the half of a flattening squared. */
  function distanceBetween([lat, lon], [toLat, toLon]) {
    const reduce = (degrees) => Math.atan((1 - FLATTENING) * Math.tan(degrees * RADIANS));
    const [one, two] = [reduce(lat), reduce(toLat)];
    const [mean, half] = [(one + two) / 2, (two - one) / 2];
    const square = Math.sin(half) ** 2
      + Math.cos(one) * Math.cos(two) * Math.sin((toLon - lon) * RADIANS / 2) ** 2;
    if (square === 0) return 0;
    const angle = 2 * Math.asin(Math.min(1, Math.sqrt(square)));
    const x = (angle - Math.sin(angle)) * Math.sin(mean) ** 2 * Math.cos(half) ** 2
      / Math.max(1e-12, 1 - square);
    const y = (angle + Math.sin(angle)) * Math.cos(mean) ** 2 * Math.sin(half) ** 2 / square;
    return EQUATOR_KM * (angle - FLATTENING * (x + y) / 2);
  }

  /** Return the nearest point of lines: its distance, where it lies, and on which side the point is. */
  function findNearest({ pieces, length }, at) {
    const point = toSpace(at);
    const best = { chord: Infinity, turn: 0, share: 0, foot: null };
    for (const { from, to, start, end, step, square, along } of pieces) {
      const share = square && Math.min(1, Math.max(0, dot(minus(point, start), step) / square));
      const away = minus(point, [0, 1, 2].map((axis) => start[axis] + share * step[axis]));
      const chord = Math.sqrt(dot(away, away));
      // At a vertex, the edge that is seen more from its side decides. A nanokilometre is rounding.
      const isSame = Math.abs(chord - best.chord) < 1e-9;
      if (chord >= best.chord && !isSame) continue;
      const size = Math.sqrt(square);
      const turn = size && dot(cross(start, end), point) / (size * EQUATOR_KM);
      if (isSame) {
        if (Math.abs(turn) > Math.abs(best.turn)) best.turn = turn;
        continue;
      }
      const foot = interpolate(from, to, share);
      Object.assign(best, { chord, turn, foot, share: length && (along + share * size) / length });
    }
    best.km = best.foot ? distanceBetween(at, best.foot) : Infinity;
    return best;
  }

  /** Return the index of a section of the border. It is made at the first question. */
  function indexOf(section) {
    if (!indexes.has(section)) indexes.set(section, makeIndex(geobuffer.unpackLines(section.shape)));
    return indexes.get(section);
  }

  function isWithin(shape, [lat, lon]) {
    let within = false;
    for (const ring of shape.flat()) {
      ring.forEach(([y, x], i) => {
        const [v, u] = ring[(i || ring.length) - 1];
        if ((y > lat) !== (v > lat) && lon < (u - x) * (lat - y) / (v - y) + x) within = !within;
      });
    }
    return within;
  }

  /** Return the polygons of a side. They are put together at the first question. */
  function territoryOf(side) {
    if (!indexes.has(side)) indexes.set(side, geobuffer.unpackPolygons(side.shape));
    return indexes.get(side);
  }

  /** Return the name of the side of a point: by its territories, else by the left and the right. */
  function sideAt(at, turn) {
    const { sides } = geobuffer.facts;
    const given = sides.filter((side) => side.shape);
    if (!given.length) return sides[turn > 0 ? 0 : 1]?.name ?? '';
    const found = given.find((side) => isWithin(territoryOf(side), at));
    return (found ?? sides.find((side) => !side.shape))?.name ?? '';
  }

  /** Return how exact the drawn border is, in km: its source, its drawing and the grid of its data. */
  function marginOfBorder() {
    const stated = geobuffer.facts.sources
      .filter((source) => source.layer === 'border' && Number.isFinite(source.accuracy_m))
      .map((source) => source.accuracy_m);
    return (Math.max(0, ...stated) + (geobuffer.facts.tolerance_m?.border ?? 0) + 1) / 1000;
  }

  /** Return the class of a point in a zone that no plain distance decides, from its drawn rings. */
  function classInRings(at, margin) {
    const shapes = geobuffer.rings().map((ring) => ring.shape ?? []);
    if (findNearest(makeIndex(shapes.flat(2)), at).km < margin) return 'uncertain';
    return shapes.some((shape) => isWithin(shape, at)) ? 'inside' : 'outside';
  }

  /**
   * Return a point as the page has places: with its distance, side, section and class, the nearest
   * point of the border as `foot`, and its kilometre along the border: to 3 km on a border of 1,100
   * km, because drawn to 10 m it is shorter, by other shares in other places.
   */
  function makePlace([lat, givenLon]) {
    const { facts } = geobuffer;
    const at = [lat, geobuffer.unwrapLongitude(givenLon)];
    const sections = facts.border.sections.map((section) => (
      { section, ...findNearest(indexOf(section), at) }));
    const nearest = sections.reduce((best, one) => (one.chord < best.chord ? one : best));
    const { section } = nearest;
    const place = {
      located: true, isPoint: true, lat: at[0], lon: at[1], foot: nearest.foot,
      distance_km: nearest.km, margin_km: marginOfBorder() + FORMULA_ERROR * nearest.km, unlisted: 1,
      chainage_km: section.start_km + nearest.share * section.length_km,
      section: section.name, side: sideAt(at, nearest.turn),
    };
    place.membership = classOfPoint(place);
    return place;
  }

  /** Return the class of a point of `makePlace` in the zone that is shown. */
  function classOfPoint(place) {
    const { facts, view } = geobuffer;
    return facts.zone.is_plain && facts.zone.ends !== 'flat'
      ? geobuffer.classAt(place, view.km, view.side)
      : classInRings([place.lat, place.lon], place.margin_km);
  }

  /** Return the located place nearest to a point, its distance and the eighth of the compass; or null. */
  function findNearestPlace({ lat, lon }) {
    const point = toSpace([lat, lon]);
    let found = null;
    for (const place of geobuffer.places) {
      if (!place.located) continue;
      place.space ??= toSpace([place.lat, place.lon]);
      const away = minus(place.space, point);
      const square = dot(away, away);
      if (!found || square < found.square) found = { place, square };
    }
    if (!found) return null;
    const { place } = found;
    const east = Math.sin((place.lon - lon) * RADIANS) * Math.cos(place.lat * RADIANS);
    const north = Math.cos(lat * RADIANS) * Math.sin(place.lat * RADIANS)
      - Math.sin(lat * RADIANS) * Math.cos(place.lat * RADIANS) * Math.cos((place.lon - lon) * RADIANS);
    const eighth = Math.round(Math.atan2(east, north) / (Math.PI / 4));
    return { place, km: distanceBetween([lat, lon], [place.lat, place.lon]), eighth: (eighth + 8) % 8 };
  }

  /** Return points of the shortest way between two points, close enough to draw it as a curve. */
  function traceGeodesic(from, to) {
    const [start, end] = [toSpace(from), toSpace(to)];
    const step = minus(end, start);
    const count = Math.max(1, Math.ceil(Math.sqrt(dot(step, step)) / 100));
    return Array.from({ length: count + 1 }, (_, i) => {
      if (i === 0 || i === count) return i ? to : from;
      const [x, y, z] = [0, 1, 2].map((axis) => start[axis] + (i / count) * step[axis]);
      const lon = Math.atan2(y, x) / RADIANS;
      return [
        Math.atan2(z, (1 - E2) * Math.hypot(x, y)) / RADIANS,
        lon + 360 * Math.round((from[1] - lon) / 360),
      ];
    });
  }

  Object.assign(geobuffer, { isWithin, makePlace, classOfPoint, findNearestPlace, traceGeodesic });
})(window.geobuffer);
