'use strict';
// Show what reports claim, beside our figures at the present width and side, by the rules of
// geobuffer/viz/claims.py. Others wrote the reports, so we write them as text only.

(function (geobuffer) {
  const { say, byId, number, plain, element, button, facts, view } = geobuffer;
  const VERDICTS = { inside: 'supported', outside: 'contradicted' };

  /** Return the verdict on a place that a report puts in the zone; null if we show another zone. */
  function verdictOf(place) {
    if (!geobuffer.isAsBuilt()) return null;
    return say((!place.conflict && VERDICTS[geobuffer.stateOf(place)]) || 'undecided');
  }

  function describeFound(place) {
    const p = geobuffer.probabilityText(place);
    return [
      place.located ? `${geobuffer.distanceText(place)} ${say('unit_km')}` : null,
      say(`${geobuffer.stateOf(place)}_short`), p && say('likely', { p }), verdictOf(place),
      place.conflict ? `${say('conflict')}: ${place.conflict}` : null,
    ].filter(Boolean).join(', ');
  }

  /** Describe a place that the page does not show, or that it cannot distinguish from others. */
  function describeMissing(one) {
    if (one.bearers > 1) return say('bearers', { n: one.bearers });
    if (!one.bearers) return say('no_bearer');
    const far = Number.isFinite(one.distance_km);
    return far ? `${number(one.distance_km, 1)} ${say('unit_km')}, ${say('outside_short')}`
      : say('unlocated_short');
  }

  function placeLine(one) {
    const place = geobuffer.places[one.row];
    const name = element('bdi', '', place ? geobuffer.nameOf(place, view.language) : one.name);
    const shown = place?.located ? button('place', () => geobuffer.visitPlace(place), name) : name;
    return element('li', '', shown, `: ${place ? describeFound(place) : describeMissing(one)}`);
  }

  /** Return why a reported number of people and ours differ, or what our number shows about the report. */
  function compareNumbers(report, people, dates) {
    if (!people.known) return say('undecided');
    if (report.all_within) return say(people.total > report.people ? 'below_floor' : 'above_floor');
    const oblast = geobuffer.pickText(report.oblast);
    return say(oblast ? 'not_same_part' : 'not_same', { oblast, dates });
  }

  function peopleLines(report) {
    if (report.people === undefined) return [];
    const inside = geobuffer.placesOfClass('inside')
      .filter((place) => !report.oblast || report.oblasts.includes(place.oblast));
    const people = geobuffer.countPeople(inside);
    const dates = inside.filter((place) => Number.isFinite(place.population))
      .map((place) => place.population_as_of || say('undated'));
    const ours = say(report.oblast ? 'here_part' : 'here', {
      oblast: geobuffer.pickText(report.oblast), people: geobuffer.populationText(people),
      km: plain(view.km),
    });
    const why = compareNumbers(report, people, [...new Set(dates)].sort().join('; '));
    return [element('p', 'here', ours), element('p', 'quiet', why)];
  }

  function describeReport(report) {
    const who = [geobuffer.pickText(report.said_by), report.date].filter(Boolean).join(', ');
    const claim = geobuffer.pickText(report.claim);
    return element(
      'div', 'source',
      claim ? element('p', '', say('quoted', { claim })) : null,
      who ? element('p', 'quiet', who) : null,
      ...peopleLines(report),
      element('ul', 'sections', ...report.places.map(placeLine)),
    );
  }

  /** Show the block of reports, or hide it if the page was made without them. */
  function showReports() {
    const reports = facts.places.reports ?? [];
    byId('compared').hidden = !reports.length;
    byId('compared-reports').replaceChildren(...reports.map(describeReport));
  }

  Object.assign(geobuffer, { showReports });
})(window.geobuffer);
