'use strict';
// Compute the zone at its present width and side: its places, its population and its rings.
// The class of a place follows from its distance, as in geobuffer/analysis/membership.py.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  const built = { km: view.km, side: view.side };
  const BOTH = 'both';
  const AROUND = 'around';
  const RING_STEPS = 5;

  // Classes that do not follow from one distance, such as near flat ends: by width and side, row to class.
  const exceptions = new Map((facts.places.exceptions ?? []).map((one) => [
    `${one.km} ${one.side}`, new Map(one.rows.map((row, i) => [row, one.classes[i]])),
  ]));

  function isAsBuilt() {
    return view.km === built.km && view.side === built.side;
  }

  /** Return whether a side is that of a territory: neither both nor around. */
  function isOneSide(side) {
    return side !== BOTH && side !== AROUND;
  }

  /** Return the distance of a place to the outline, negative inside the areas of the zone. */
  function signedDistance(place) {
    return place.side === facts.sides[0].name ? -place.distance_km : place.distance_km;
  }

  /** Return the distance of a place to the zone's border, or to its areas if they are filled. */
  function distanceOf(place) {
    return view.side === AROUND && place.located
      ? Math.max(signedDistance(place), 0) : place.distance_km;
  }

  /** Return the class of a place in the zone of a width and side. */
  function classAt(place, km, side) {
    if (!place.located) return 'unlocated';
    const decided = exceptions.get(`${km} ${side}`)?.get(place.row);
    if (decided) return decided;
    if (Number.isFinite(place.farthest_km)) return outlineClassAt(place, km, side);
    const { margin_km: margin } = place;
    const away = side === AROUND ? signedDistance(place) : place.distance_km;
    const onSide = !isOneSide(side) || place.side === side;
    const nearEdge = Math.abs(away - km) < margin;
    const atEdge = onSide && nearEdge;
    const atBorder = isOneSide(side) && place.unlisted === 1 && away < margin;
    const listedElsewhere = place.wrong_country === 1 && (away <= km || nearEdge);
    if (atEdge || atBorder || listedElsewhere) return 'uncertain';
    return onSide && away <= km ? 'inside' : 'outside';
  }

  /** Return the class of a place with an outline, from its least and its greatest distance. */
  function outlineClassAt(place, km, side) {
    const { margin_km: margin, distance_km: least, farthest_km: farthest } = place;
    if (isOneSide(side)) {
      // An outline that meets the border has a part on each side.
      if (least <= margin) return least - km < margin ? 'uncertain' : 'outside';
      if (place.side !== side) return 'outside';
    }
    if (farthest <= km && km - farthest >= margin) return 'inside';
    return least > km && least - km >= margin ? 'outside' : 'uncertain';
  }

  // A code of the Ukrainian codifier: the first nine characters are those of the hromada.
  const KATOTTG = /^UA\d{17}$/;

  /** Return the code of a place's hromada, because hromadas share names; without a code, the names. */
  function hromadaOf(place) {
    const code = place.hromada_code || place.code || '';
    if (KATOTTG.test(code)) return code.slice(0, 9);
    if (place.hromada_code) return place.hromada_code;
    return place.hromada ? [place.oblast, place.raion, place.hromada].join('\n') : '';
  }

  /** Count a place without a position with the zone if its hromada is unknown or has a place in the zone. */
  function markUnlocated(places) {
    const here = new Set(
      places.filter((place) => isInZone(place) && hromadaOf(place)).map(hromadaOf));
    for (const place of places) {
      place.counts = !place.located && (!hromadaOf(place) || here.has(hromadaOf(place)));
    }
  }

  function isInZone(place) {
    return place.membership === 'inside' || place.membership === 'uncertain';
  }

  /** Set the class of every place for the present width and side. */
  function classifyPlaces() {
    for (const place of geobuffer.places) {
      place.membership = classAt(place, view.km, view.side);
    }
    markUnlocated(geobuffer.places);
  }

  function countByClass() {
    const counts = { inside: 0, uncertain: 0, outside: 0, unlocated: 0 };
    for (const place of geobuffer.places) {
      if (place.located) counts[place.membership] += 1;
      else if (place.counts) counts.unlocated += 1;
    }
    return counts;
  }

  /** Return the population of some places: the known total, and how many places lack a figure. */
  function countPeople(places) {
    const known = places.filter((place) => Number.isFinite(place.population));
    return {
      total: known.reduce((sum, place) => sum + place.population, 0),
      known: known.length,
      unknown: places.length - known.length,
    };
  }

  function placesOfClass(membership) {
    return geobuffer.places.filter((place) => (membership === 'unlocated'
      ? place.counts : place.membership === membership));
  }

  /** Return the edges of the rings: those of the zone, or else each fifth step; or only the width. */
  function ringEdges() {
    if (!view.rings) return [0, view.km];
    const given = facts.zone.edges_km;
    const steps = given.length > 2 ? given
      : facts.slider.widths_km.filter((_, i) => (i + 1) % RING_STEPS === 0);
    return [0, ...steps.filter((km) => km > 0 && km < view.km), view.km];
  }

  /**
   * Return a value at a width, given those at the steps of the slider: between them, that of the
   * parabola through the three nearest. At a width of 0 it is `atZero`, if that is known.
   */
  function atWidth(values, km, atZero = null) {
    const known = facts.slider.widths_km.map((width, i) => [width, values[i]]);
    if (atZero !== null) known.unshift([0, atZero]);
    const exact = known.find(([width]) => width === km);
    if (exact) return exact[1];
    const after = known.findIndex(([width]) => width > km);
    const last = Math.max(0, known.length - 3);
    const first = Math.min(Math.max(0, (after < 0 ? known.length : after) - 2), last);
    const near = known.slice(first, first + 3);
    return near.reduce((sum, [width, value], i) => sum + near.reduce((part, [other], j) => (
      i === j ? part : part * (km - other) / (width - other)), value), 0);
  }

  function areaAt(km, side) {
    const areas = facts.slider.areas_km2[side];
    return areas ? atWidth(areas, km, side === AROUND ? null : 0) : NaN;
  }

  function areBuilt(shown) {
    const given = facts.zone.edges_km;
    return view.side === built.side && shown.length === given.length
      && shown.every((km, i) => km === given[i]);
  }

  /** Return what flat ends cut off at the width that is shown, as polygons. */
  function listCuts() {
    const cuts = facts.slider.cuts[facts.slider.widths_km.indexOf(view.km)] ?? [];
    return cuts.map((polygon) => polygon.map((ring) => geobuffer.decodeLine(ring)));
  }

  /** Return how to draw the zone at a width for which the page has no polygon. */
  function swathOptions(style) {
    return {
      clip: isOneSide(view.side) ? view.side : null, edge: style?.color, fillOpacity: style?.fillOpacity,
      areas: view.side === AROUND ? geobuffer.unpackPolygons(facts.sides[0].shape) : [],
      cuts: listCuts(),
    };
  }

  /** Return whether the page can show any width. For flat ends it has data only for those of the slider. */
  function takesAnyWidth() {
    return facts.zone.is_plain && facts.zone.ends !== 'flat' && facts.slider.widths_km.length > 1;
  }

  /** Return how far the edge is hatched to either side, in km: a wider band would hide the zone. */
  function bandKm() {
    const km = facts.places.band_km ?? 0;
    return facts.zone.is_plain && km <= view.km / 2 ? km : 0;
  }

  /** Return the rings of a zone that is not a plain distance, with their names. */
  function namedRings() {
    return facts.zone.rings.map((ring) => ({
      name: ring.name, names: ring.names, area: ring.area_km2, exact: true,
      shape: geobuffer.unpackPolygons(ring.shape),
    }));
  }

  /** Return the rings, the nearest to the border first: edges, area, shape. */
  function rings() {
    if (!facts.zone.is_plain) return namedRings();
    const shown = ringEdges();
    if (areBuilt(shown)) {
      return facts.zone.rings.map((ring, i) => ({
        from: shown[i], to: shown[i + 1], area: ring.area_km2, exact: true,
        shape: geobuffer.unpackPolygons(ring.shape),
      }));
    }
    return shown.slice(1).map((to, i) => ({
      from: shown[i], to, area: areaAt(to, view.side) - areaAt(shown[i], view.side),
      exact: false, shape: null,
    }));
  }

  /** Return the number of the ring of a place, or −1. */
  function ringOf(place) {
    if (place.ring !== undefined) return place.ring;
    const isOnSide = !isOneSide(view.side) || place.side === view.side;
    if (!isInZone(place) || !isOnSide) return -1;
    return ringEdges().slice(1).findIndex((edge) => distanceOf(place) <= edge);
  }

  function canSwitchSides() {
    return facts.zone.sides?.length > 1 && facts.sides.some((side) => side.shape)
      && facts.slider.widths_km.length > 0;
  }

  Object.assign(geobuffer, {
    built, isAsBuilt, isOneSide, signedDistance, distanceOf, classAt, isInZone,
    classifyPlaces, countByClass, countPeople,
    placesOfClass, rings, ringOf, canSwitchSides, atWidth, swathOptions, listCuts, takesAnyWidth,
    bandKm,
  });
  classifyPlaces();
})(window.geobuffer);
