'use strict';
// Compute the expected number of places in the shown zone, and the probability that each lies in it, as
// geobuffer/analysis/probability.py and expectation.py do; and look up the modelled range of people.

(function (geobuffer) {
  const { facts, view, isOneSide } = geobuffer;
  const model = facts.places.expected;
  const hasNoAreas = facts.sides.every((side) => !side.shape);
  const unpack = geobuffer.unpackColumn;

  /** Return the normal distribution function to 1e-7 (Abramowitz and Stegun, 7.1.26). */
  function normal(x) {
    const z = Math.abs(x) / Math.SQRT2;
    const t = 1 / (1 + 0.3275911 * z);
    const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741
      + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-z * z) / 2;
    return x < 0 ? tail : 1 - tail;
  }

  /** Return the signed distances between which a place is in the zone; positive on its own side. */
  function findEdges({ side }) {
    const { km, side: shown } = view;
    if (!isOneSide(shown)) return [shown === 'around' ? -Infinity : -km, km];
    if (side === shown) return [0, km];
    return facts.sides.some((one) => one.name === side) ? [-km, 0] : [0, 0];
  }

  /** Return the signed distances between which a place can lie, as its country is on one side only. */
  function findLimits(place) {
    if (hasNoAreas || view.side === 'around' || place.unlisted) return [-Infinity, Infinity];
    return place.wrong_country ? [-Infinity, 0] : [0, Infinity];
  }

  /** Return the probability that a place lies in the zone, from its point and the errors of the point. */
  function findProbability(place, sigmas, shares) {
    const away = view.side === 'around' ? geobuffer.signedDistance(place) : place.distance_km;
    const [least, most] = findLimits(place);
    // Beyond six standard deviations of the largest error, the probability is almost zero.
    const reach = 6 * sigmas.at(-1);
    if (most > 0 && away > view.km + reach) return 0;
    const [begin, end] = findEdges(place).map((km) => Math.min(Math.max(km, least), most));
    if (away - reach > begin && away + reach < end) return 1;
    const between = (from, to, sigma) =>
      Math.max(normal((to - away) / sigma) - normal((from - away) / sigma), 0);
    const sum = (from, to) =>
      sigmas.reduce((all, sigma, i) => all + shares[i] * between(from, to, sigma), 0);
    const mass = sum(least, most);
    if (mass < model.least) return place.membership === 'uncertain' ? 0.5 : 0;
    return Math.min(sum(begin, end) / mass, 1);
  }

  /** Return, for each text, how many places have it, its total weight and its candidate points. */
  function readTexts({ places, total, distance_km: away, ...packed }) {
    const [text, side, sigma, weight, unlisted] = ['text', 'side', 'sigma_km', 'weight', 'unlisted']
      .map((name) => unpack(packed[name]));
    const texts = places.map((count, i) => ({ count, total: total[i], points: [] }));
    text.forEach((number, i) => texts[number].points.push({
      distance_km: away[i], side: facts.sides[side[i]]?.name, unlisted: unlisted[i],
      sigmas: [sigma[i]], weight: weight[i],
    }));
    return texts;
  }

  const texts = model?.candidates ? readTexts(model.candidates) : [];

  function findOfText({ points, total }) {
    return points.reduce((sum, one) => sum + one.weight * findProbability(one, one.sigmas, [1]), 0) / total;
  }

  /** Return the probability that a place lies in the zone; null where it is not known. */
  function probabilityOf(place) {
    if (!model || place.isPoint) return null;
    if (model.built) return geobuffer.isAsBuilt() ? place.p_inside : null;
    if (place.located) {
      const [accuracy, fixed] = place.errors_km;
      place.sigmas ??= model.sigmas.map((one) => Math.max(Math.hypot(one * accuracy, fixed), 1e-6));
      return findProbability(place, place.sigmas, model.shares);
    }
    return texts[place.candidates] ? findOfText(texts[place.candidates]) : null;
  }

  function addUp() {
    let [mean, variance] = [0, 1].map((i) => (
      Math.max(0, geobuffer.atWidth(model.far[view.side].map((one) => one[i]), view.km, 0))));
    for (const place of geobuffer.places.filter((one) => one.located)) {
      const p = probabilityOf(place);
      mean += p;
      variance += p * (1 - p);
    }
    // Places with the same text share an error: their correlation is 1 / (1 + total).
    for (const text of texts) {
      const p = findOfText(text);
      mean += text.count * p;
      variance += text.count * p * (1 - p) * (text.total + text.count) / (1 + text.total);
    }
    const half = model.sigmas_of_90 * Math.sqrt(Math.max(variance, 0));
    return [mean, Math.max(0, Math.round(mean - half)), Math.round(mean + half)];
  }

  let known = {};

  /** Return the expected number of places, and the ends of its 90 % interval; or null. */
  function expectPlaces() {
    if (!model) return null;
    if (model.built) return geobuffer.isAsBuilt() ? model.built : null;
    const { km, side } = view;
    if (known.km !== km || known.side !== side) known = { km, side, counts: addUp() };
    return known.counts;
  }

  /** Return the ends of the modelled range of people, which never lie below a floor; or null. */
  function modelPeople(floor) {
    const { people } = facts.places;
    if (!people) return null;
    const ends = people.built ? geobuffer.isAsBuilt() && people.built
      : [0, 1].map((i) => geobuffer.atWidth(people.ranges[view.side].map((one) => one[i]), view.km, 0));
    return ends ? ends.map((end) => Math.max(end, floor)) : null;
  }

  Object.assign(geobuffer, { probabilityOf, expectPlaces, modelPeople });
})(window.geobuffer);
