'use strict';
// The zone as it is shown now: which places it holds, how many people, what it looks like.
// A place's class is a comparison of its own distance, as in geobuffer/analysis/classify.py.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  const asked = { km: view.km, side: view.side };
  const BOTH = 'both';
  const RING_STEPS = 5;
  const outlines = new Map();

  // What a zone's flat ends decide, which no comparison tells: by width and side, row to class.
  const exceptions = new Map((facts.places.exceptions ?? []).map((one) => [
    `${one.km} ${one.side}`, new Map(one.rows.map((row, i) => [row, one.classes[i]])),
  ]));

  function isAsked() {
    return view.km === asked.km && view.side === asked.side;
  }

  /** The class of a place in the zone of a width and side. */
  function classAt(place, km, side) {
    if (!place.located) return 'unlocated';
    const decided = exceptions.get(`${km} ${side}`)?.get(place.row);
    if (decided) return decided;
    const { distance_km: away, margin_km: margin } = place;
    const onSide = side === BOTH || place.side === side;
    const nearEdge = Math.abs(away - km) < margin;
    const atEdge = onSide && nearEdge;
    const atBorder = side !== BOTH && place.unlisted === 1 && away < margin;
    const listedElsewhere = place.wrong_country === 1 && (away <= km || nearEdge);
    if (atEdge || atBorder || listedElsewhere) return 'uncertain';
    return onSide && away <= km ? 'inside' : 'outside';
  }

  function hromadaOf(place) {
    return place.hromada ? [place.oblast, place.raion, place.hromada].join('\n') : '';
  }

  /** Places known by name only count with the zone if it holds another of their hromada. */
  function markUnlocated(places) {
    const here = new Set(
      places.filter((place) => isInZone(place) && place.hromada).map(hromadaOf));
    for (const place of places) {
      place.counts = !place.located && (!place.hromada || here.has(hromadaOf(place)));
    }
  }

  function isInZone(place) {
    return place.membership === 'inside' || place.membership === 'uncertain';
  }

  /** Give every place its class in the zone that is shown. */
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

  /** The people of some places: a sum of what is known, and for how many nothing is. */
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

  /** The edges of the rings that are shown: as asked for, else every fifth step; or no rings. */
  function edges() {
    if (!view.rings) return [0, view.km];
    const given = facts.zone.edges_km;
    const steps = given.length > 2 ? given
      : facts.slider.widths_km.filter((_, i) => (i + 1) % RING_STEPS === 0);
    return [0, ...steps.filter((km) => km > 0 && km < view.km), view.km];
  }

  function areaAt(km, side) {
    if (km === 0) return 0;
    return facts.slider.areas_km2[side]?.[facts.slider.widths_km.indexOf(km)] ?? NaN;
  }

  function areOfTheZone(shown) {
    const given = facts.zone.edges_km;
    return view.side === asked.side && shown.length === given.length
      && shown.every((km, i) => km === given[i]);
  }

  /** The zone on both sides at a width, unpacked when it is first asked for. */
  function outlineAt(km) {
    if (!outlines.has(km)) {
      const { widths_km: widths, outlines: packed, grid } = facts.slider;
      const shape = km > 0 ? packed[widths.indexOf(km)] ?? [] : [];
      outlines.set(km, shape.map((rings) =>
        rings.map((ring) => geobuffer.decodeLine(ring, grid))));
    }
    return outlines.get(km);
  }

  /** The rings of a zone that is no plain distance: by their names. */
  function ringsAsGiven() {
    return facts.zone.rings.map((ring) => ({
      name: ring.name, area: ring.area_km2, exact: true, clip: null,
      shape: geobuffer.unpackPolygons(ring.shape),
    }));
  }

  /** The rings that are shown, nearest to the border first: edges, area, shape. */
  function rings() {
    if (!facts.zone.is_plain) return ringsAsGiven();
    const shown = edges();
    if (areOfTheZone(shown)) {
      return facts.zone.rings.map((ring, i) => ({
        from: shown[i], to: shown[i + 1], area: ring.area_km2, exact: true, clip: null,
        shape: geobuffer.unpackPolygons(ring.shape),
      }));
    }
    return shown.slice(1).map((to, i) => ({
      from: shown[i], to, area: areaAt(to, view.side) - areaAt(shown[i], view.side),
      exact: false, clip: view.side === BOTH ? null : view.side,
      shape: [...outlineAt(to), ...outlineAt(shown[i])],
    }));
  }

  /** The number of the ring that a place is in, or −1. */
  function ringOf(place) {
    if (place.ring !== undefined) return place.ring;
    const isOnSide = view.side === BOTH || place.side === view.side;
    if (!isInZone(place) || !isOnSide) return -1;
    return edges().slice(1).findIndex((edge) => place.distance_km <= edge);
  }

  function canSwitchSides() {
    return facts.sides.some((side) => side.shape) && facts.slider.widths_km.length > 0;
  }

  Object.assign(geobuffer, {
    asked, isAsked, classAt, isInZone, classifyPlaces, countByClass, countPeople, placesOfClass,
    rings, ringOf, canSwitchSides,
  });
  classifyPlaces();
})(window.geobuffer);
