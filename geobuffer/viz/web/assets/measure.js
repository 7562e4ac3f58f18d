'use strict';
// Measure any point: its distance from the drawn border, its side, and its chainage along the border.
// Lines are lists of [latitude, longitude]; distances are kilometres on the WGS 84 ellipsoid.

(function (geobuffer) {
  const EQUATOR_KM = 6378.137;
  const FLATTENING = 1 / 298.257223563;
  const E2 = FLATTENING * (2 - FLATTENING);
  const RADIANS = Math.PI / 180;
  // The chord of a piece of 2 km runs 0.1 m below the ellipsoid.
  const PIECE_KM = 2;
  // The error of Lambert's formula, as a share of the distance, as we measured it: a hundred-thousandth;
  // for points nearly on the other side of the Earth, two thousandths.
  const FORMULA_ERROR = 1e-5;
  const FAR_ERROR = 2e-3;
  const FAR_KM = 15_000;
  // We group pieces in blocks, and edges of areas in bands, so that we need not test all of them for each
  // of the many points of a reader's table.
  const BLOCK = 32;
  const BANDS = 256;
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

  /** Return pieces with the sphere around them: its middle and its radius. */
  function boundBlock(pieces) {
    const ends = pieces.flatMap(({ start, end }) => [start, end]);
    const middle = [0, 1, 2].map((axis) => ends.reduce((sum, end) => sum + end[axis], 0) / ends.length);
    const reach = Math.max(...ends.map((end) => Math.sqrt(dot(minus(end, middle), minus(end, middle)))));
    return { pieces, middle, reach };
  }

  /** Return the pieces of lines in blocks, each with its ends and the length of all pieces before it. */
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
    const blocks = [];
    for (let i = 0; i < pieces.length; i += BLOCK) blocks.push(boundBlock(pieces.slice(i, i + BLOCK)));
    return { blocks, length: along };
  }

  /** Return the distance of two points in km, by Lambert's formula for long lines. */
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

  /** Store the nearest point of a piece in `best`, if that of no earlier piece is nearer. */
  function comparePiece(best, point, { from, to, start, end, step, square, along }) {
    const [x, y, z] = [point[0] - start[0], point[1] - start[1], point[2] - start[2]];
    const share = square
      && Math.min(1, Math.max(0, (x * step[0] + y * step[1] + z * step[2]) / square));
    const chord = Math.sqrt((x - share * step[0]) ** 2 + (y - share * step[1]) ** 2
      + (z - share * step[2]) ** 2);
    // At a vertex, the edge that faces the point more directly decides. 1e-9 km is rounding.
    const isSame = Math.abs(chord - best.chord) < 1e-9;
    if (chord >= best.chord && !isSame) return;
    const size = Math.sqrt(square);
    const turn = size && dot(cross(start, end), point) / (size * EQUATOR_KM);
    if (!isSame) Object.assign(best, { chord, turn, from, to, share, along: along + share * size });
    else if (Math.abs(turn) > Math.abs(best.turn)) best.turn = turn;
  }

  /**
   * Return the nearest point of lines to a point: its distance, where it lies, and on which side of the
   * lines the given point is. The distance is infinite if the chord between them is `most` km or longer.
   */
  function findNearest({ blocks, length }, at, most = Infinity) {
    const point = toSpace(at);
    const best = { chord: most, turn: 0 };
    const least = blocks.map(({ middle, reach }) => Math.sqrt((point[0] - middle[0]) ** 2
      + (point[1] - middle[1]) ** 2 + (point[2] - middle[2]) ** 2) - reach);
    const first = least.reduce((lowest, one, i) => (one < least[lowest] ? i : lowest), 0);
    const search = (i) => blocks[i].pieces.forEach((piece) => comparePiece(best, point, piece));
    if (blocks.length) search(first);
    least.forEach((one, i) => {
      if (i !== first && one <= best.chord + 1e-9) search(i);
    });
    if (!best.from) return { chord: Infinity, km: Infinity };
    const foot = interpolate(best.from, best.to, best.share);
    const { chord, turn, along } = best;
    return { chord, turn, foot, km: distanceBetween(at, foot), share: length && along / length };
  }

  function isBelowEdge([[v, u], [y, x]], [lat, lon]) {
    return (y > lat) !== (v > lat) && lon < (u - x) * (lat - y) / (v - y) + x;
  }

  function listEdges(shape) {
    return shape.flat().flatMap((ring) => (
      ring.map((to, i) => [ring[(i || ring.length) - 1], to])));
  }

  function isWithin(shape, at) {
    return listEdges(shape).reduce((within, edge) => within !== isBelowEdge(edge, at), false);
  }

  /** Return a test of whether a point lies in polygons; it has their edges in bands of latitude. */
  function makeArea(shape) {
    const edges = listEdges(shape);
    const [south, north] = edges.reduce(([low, high], [, [lat]]) => (
      [Math.min(low, lat), Math.max(high, lat)]), [90, -90]);
    const bandOf = (lat) => Math.floor((lat - south) / (north - south) * (BANDS - 1));
    const bands = Array.from({ length: BANDS }, () => []);
    for (const edge of edges) {
      const [from, to] = [bandOf(edge[0][0]), bandOf(edge[1][0])];
      for (let band = Math.min(from, to); band <= Math.max(from, to); band += 1) bands[band].push(edge);
    }
    return (at) => (bands[bandOf(at[0])] ?? [])
      .reduce((within, edge) => within !== isBelowEdge(edge, at), false);
  }

  /** Return data that we derive from a part of the page's data; we compute it on first use. */
  function derive(part, make) {
    if (!indexes.has(part)) indexes.set(part, make());
    return indexes.get(part);
  }

  /** Return the name of the side of a point: by the territories of sides, or else by left and right. */
  function sideAt(at, turn) {
    const { sides } = geobuffer.facts;
    const given = sides.filter((side) => side.shape);
    if (!given.length) return sides[turn > 0 ? 0 : 1]?.name ?? '';
    const found = given.find((side) => (
      derive(side, () => makeArea(geobuffer.unpackPolygons(side.shape)))(at)));
    return (found ?? sides.find((side) => !side.shape))?.name ?? '';
  }

  /** Return the error of the drawn border in km: of its source, its drawing and the grid of its data. */
  function marginOfBorder() {
    const stated = geobuffer.facts.sources
      .filter((source) => source.layer === 'border' && Number.isFinite(source.accuracy_m))
      .map((source) => source.accuracy_m);
    return (Math.max(0, ...stated) + (geobuffer.facts.tolerance_m?.border ?? 0) + 1) / 1000;
  }

  /** Return the lines around the zone as built. An arc that two rings share is not an edge of the zone. */
  function makeOutline() {
    const numbers = geobuffer.facts.zone.rings.flatMap((ring) => ring.shape.flat(2))
      .map((number) => Math.max(number, ~number));
    const counts = new Map();
    for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
    const outer = [...counts].filter(([, count]) => count === 1).map(([number]) => geobuffer.arcs[number]);
    return makeIndex(outer);
  }

  /** Return the class of a point in the zone as built, from its drawn rings. */
  function classInRings(at, margin) {
    const { zone, tolerance_m: tolerance } = geobuffer.facts;
    const drawn = (Math.max(0, tolerance.zone - tolerance.border) + zone.error_m) / 1000;
    if (findNearest(derive('outline', makeOutline), at).km < margin + drawn) return 'uncertain';
    const shapes = zone.rings.flatMap((ring) => geobuffer.unpackPolygons(ring.shape));
    return derive(zone, () => makeArea(shapes))(at) ? 'inside' : 'outside';
  }

  /** Return the class of a point in a zone with flat ends: the ends cut off areas at the shown width. */
  function classNearEnds(place, at) {
    const plain = geobuffer.classAt(place, geobuffer.view.km, geobuffer.view.side);
    if (plain === 'outside') return plain;
    const { edges, covers } = derive(`cuts ${geobuffer.view.km}`, () => {
      const cuts = geobuffer.listCuts();
      return { edges: makeIndex(cuts.flat()), covers: makeArea(cuts) };
    });
    const margin = place.margin_km + geobuffer.facts.slider.cut_error_m / 1000;
    if (findNearest(edges, at).km < margin) return 'uncertain';
    return covers(at) ? 'outside' : plain;
  }

  /** Return the chainage in km. It is exact at even steps along the drawn line, and interpolated between. */
  function chainageAt({ start_km: start, chainages_km: known }, share) {
    const step = share * (known.length - 1);
    const before = Math.min(Math.floor(step), known.length - 2);
    return start + known[before] + (step - before) * (known[before + 1] - known[before]);
  }

  /**
   * Return a point with the properties of a place: its distance, side, section and class, the nearest
   * point of the border as `foot`, and its chainage, exact to 0.2 km.
   */
  function makePlace([lat, givenLon]) {
    const at = [lat, geobuffer.unwrapLongitude(givenLon - 360 * Math.round(givenLon / 360))];
    const nearest = geobuffer.facts.border.sections.reduce((best, section) => {
      const index = derive(section, () => makeIndex(geobuffer.unpackLines(section.shape)));
      const found = findNearest(index, at, best.chord);
      return found.chord < best.chord ? { section, ...found } : best;
    }, { chord: Infinity });
    const { section } = nearest;
    const share = nearest.km < FAR_KM ? FORMULA_ERROR : FAR_ERROR;
    const place = {
      located: true, isPoint: true, lat: at[0], lon: at[1], foot: nearest.foot,
      distance_km: nearest.km, margin_km: derive('margin', marginOfBorder) + share * nearest.km,
      unlisted: 1, chainage_km: chainageAt(section, nearest.share),
      section: section.name, side: sideAt(at, nearest.turn),
    };
    place.membership = classOfPoint(place);
    return place;
  }

  /** Return the class of a point of `makePlace` in the zone that is shown. */
  function classOfPoint(place) {
    const { facts, view } = geobuffer;
    const at = [place.lat, place.lon];
    const isBuilt = !facts.zone.is_plain || (facts.zone.ends === 'flat' && geobuffer.isAsBuilt());
    if (isBuilt) return classInRings(at, place.margin_km);
    return facts.zone.ends === 'flat' ? classNearEnds(place, at)
      : geobuffer.classAt(place, view.km, view.side);
  }

  /** Return the located place nearest to a point, its distance, and its direction in eighths; or null. */
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

  /** Return points of the shortest line between two points, close enough to draw it as a curve. */
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
