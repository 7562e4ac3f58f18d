'use strict';
// Show the main answer of the page: four numbers for the present width and side. Above the slider,
// show a histogram of how many places lie in each of its steps.

(function (geobuffer) {
  const { say, byId, number, element, svg, facts, view } = geobuffer;
  const HEIGHT = 28;
  const bySteps = new Map();

  function makeNumber(key, value, ...notes) {
    return element('div', '', element('dt', '', say(key)), element('dd', '', value,
      ...notes.filter(Boolean).map((note) => element('small', '', note))));
  }

  function describeExpected() {
    const [mean, low, high] = geobuffer.expectPlaces() ?? [];
    if (mean === undefined) return null;
    return makeNumber('answer_expected', number(mean), low < high ? `${number(low)}–${number(high)}` : '');
  }

  function describePlaces() {
    const counts = geobuffer.countByClass();
    const people = geobuffer.countPeople(geobuffer.placesOfClass('inside'));
    return [
      makeNumber('answer_sure', number(counts.inside),
        counts.uncertain ? say('answer_uncertain', { count: number(counts.uncertain) }) : ''),
      describeExpected(),
      makeNumber('answer_people', people.known ? number(people.total) : say('unknown'),
        people.unknown ? say('answer_unknown', { count: number(people.unknown) }) : '',
        people.known && facts.places.is_bundled ? say('answer_dated') : ''),
    ].filter(Boolean);
  }

  /**
   * Return how many located places lie in each step of the slider, on the shown side. We count once
   * for each side, because the counts do not depend on the width.
   */
  function countBySteps() {
    if (!bySteps.has(view.side)) bySteps.set(view.side, countSide());
    return bySteps.get(view.side);
  }

  function countSide() {
    const { widths_km: widths } = facts.slider;
    const counts = widths.map(() => 0);
    for (const place of geobuffer.places) {
      const isThere = place.located && (!geobuffer.isOneSide(view.side) || place.side === view.side);
      const step = isThere ? widths.findIndex((km) => geobuffer.distanceOf(place) <= km) : -1;
      if (step >= 0) counts[step] += 1;
    }
    return counts;
  }

  /** Draw the number of places in each step; steps within the present width have the zone's colour. */
  function drawHistogram() {
    const { widths_km: widths } = facts.slider;
    const counts = countBySteps();
    const most = Math.max(1, ...counts);
    byId('histogram').setAttribute('viewBox', `0 0 ${Math.max(widths.length, 1)} ${HEIGHT}`);
    byId('histogram').replaceChildren(...counts.map((count, i) => {
      const height = HEIGHT * (count / most);
      return svg('rect', {
        x: i + 0.1, y: HEIGHT - height, width: 0.8, height,
        class: widths[i] <= view.km ? 'within' : 'beyond',
      });
    }));
    byId('histogram').style.setProperty('--within', geobuffer.ringStyle(0, 1).fillColor);
    byId('histogram').parentElement.hidden = widths.length < 2 || !geobuffer.places.length;
  }

  /** Show the numbers and the histogram of the zone that is shown. */
  function showAnswer(area) {
    byId('answers').replaceChildren(
      ...(facts.places.given ? describePlaces() : []),
      makeNumber('answer_area', area === say('unknown') ? area : `${area} ${say('unit_km2')}`),
    );
    drawHistogram();
  }

  Object.assign(geobuffer, { showAnswer, countBySteps });
})(window.geobuffer);
