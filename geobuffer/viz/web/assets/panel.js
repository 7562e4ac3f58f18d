'use strict';
// Write the panel: title, legend with counts, sections, sources.

(function (geobuffer) {
  const { say, byId, joinUnits, number, plain, element, button, termList, svg, facts, view } = geobuffer;
  const MOST_NAMES = 4;

  function makeSwatch(...shapes) {
    const size = { viewBox: '0 0 26 18', width: 26, height: 18 };
    return svg('svg', { ...size, 'aria-hidden': 'true' }, ...shapes);
  }

  /** Return the dot of a class, as the map draws it. */
  function placeGlyph(membership) {
    const style = geobuffer.placeStyle(membership);
    if (!style) return makeSwatch();
    return makeSwatch(svg('circle', {
      cx: 13, cy: 9, r: style.radius, fill: style.fillColor, stroke: style.color,
      'stroke-width': style.weight,
    }));
  }

  function ringGlyph(i, count) {
    const style = geobuffer.ringStyle(i, count);
    return makeSwatch(svg('rect', {
      x: 2, y: 2, width: 22, height: 14, fill: style.fillColor, 'fill-opacity': style.fillOpacity,
      stroke: style.color, 'stroke-width': 1.2,
    }));
  }

  function pointShape() {
    return svg('circle', {
      cx: 13, cy: 9, r: 3.6, fill: geobuffer.colour('junction'), stroke: geobuffer.colour('border'),
      'stroke-width': 1.6,
    });
  }

  function lineGlyph(withJunction) {
    const stroke = geobuffer.colour('border');
    const line = svg('line', { x1: 1, x2: 25, y1: 9, y2: 9, stroke, 'stroke-width': 2.4 });
    return withJunction ? makeSwatch(line, pointShape()) : makeSwatch(line);
  }

  function borderEntry(hasSections) {
    const glyph = facts.kind === 'point' ? makeSwatch(pointShape()) : lineGlyph(hasSections);
    return entry(glyph, say(hasSections ? 'border' : 'border_plain'));
  }

  function seaEntry() {
    const stroke = geobuffer.colour('border');
    const line = svg('line', {
      x1: 1, x2: 25, y1: 9, y2: 9, stroke, 'stroke-width': 2.4,
      'stroke-dasharray': geobuffer.SEA_STYLE.dashArray,
    });
    return entry(makeSwatch(line), say('at_sea'));
  }

  /** Return the legend of the hatched edge, if it is drawn at this zoom or closer. */
  function bandEntries() {
    const km = geobuffer.bandKm();
    if (!km) return [];
    const stroke = geobuffer.colour('hatch');
    const lines = [2, 8, 14, 20].map((x) =>
      svg('line', { x1: x, x2: x + 6, y1: 15, y2: 3, stroke, 'stroke-width': 1 }));
    return [entry(makeSwatch(...lines), say('band', { km: plain(km) }))];
  }

  function regionGlyph() {
    return makeSwatch(svg('rect', {
      x: 2, y: 2, width: 22, height: 14, fill: geobuffer.colour('land'),
      stroke: geobuffer.colour('region'), 'stroke-dasharray': '4 3',
    }));
  }

  function entry(glyph, text, count) {
    const line = element('li', '', glyph, element('span', '', joinUnits(text)));
    if (count !== undefined) line.append(element('b', 'number', number(count)));
    return line;
  }

  function farEntry() {
    const { far, reach_km: km } = geobuffer.facts.places;
    const line = entry(makeSwatch(), say('far', { km: plain(km) }), far);
    line.dataset.count = 'far';
    return line;
  }

  function placeEntries() {
    const counts = geobuffer.countByClass();
    const lines = ['inside', 'uncertain', 'outside', 'unlocated']
      .filter((membership) => membership !== 'unlocated' || counts.unlocated)
      .map((membership) => {
        const hasHromadas = 'hromada' in facts.places.columns
          || 'hromada_code' in facts.places.columns;
        const longer = {
          unlocated: hasHromadas && 'unlocated_long',
          uncertain: 'farthest_km' in facts.places.columns && 'uncertain_or_partly',
        };
        const words = longer[membership] || membership;
        const line = entry(placeGlyph(membership), say(words), counts[membership]);
        line.dataset.count = membership;
        return line;
      });
    return facts.places.far ? [...lines, farEntry()] : lines;
  }

  /** Return an area as a text; the area of a step of the slider is less exact and has three digits. */
  function areaText(ring) {
    if (!Number.isFinite(ring.area)) return say('unknown');
    if (ring.exact) return number(ring.area, ring.area < 10 ? 2 : 0);
    const rounded = Number(ring.area.toPrecision(3));
    return `≈ ${plain(rounded)}`;
  }

  function ringEntry(ring, i, all) {
    const area = areaText(ring);
    const words = ring.name ? say('ring_named', { name: geobuffer.pickText(ring.names), area })
      : say('ring', { from: plain(ring.from), to: plain(ring.to), area });
    return entry(ringGlyph(i, all.length), words);
  }

  function showLegend(rings) {
    const { border, regions, places } = facts;
    byId('legend').replaceChildren(
      ...(places.given ? placeEntries() : []), ...rings.map(ringEntry), ...bandEntries(),
      borderEntry(border.sections.flatMap((one) => (facts.kind === 'point' ? one.shape : [one])).length > 1),
      ...(border.sea_km ? [seaEntry()] : []),
      ...(regions.length ? [entry(regionGlyph(), say('regions'))] : []),
    );
    const isCut = facts.zone.ends === 'round' && geobuffer.isOneSide(view.side)
      && facts.sides.some((side) => side.shape);
    byId('ends').hidden = !facts.zone.has_ends;
    byId('ends').textContent = say(isCut ? 'ends_side_note' : `ends_${facts.zone.ends}_note`);
  }

  function populationText(people) {
    if (!people.known) return say('population_unknown');
    const total = say('at_least', { total: number(people.total) });
    if (!people.unknown) return total;
    return `${total} (${say('without_figure', { n: people.unknown })})`;
  }

  /** Return the expected number of places in the zone as a text, with its range and the sure places. */
  function expectedText() {
    const [mean, low, high] = geobuffer.expectPlaces() ?? [];
    if (mean === undefined) return '';
    const range = low < high ? ` (${number(low)}–${number(high)})` : '';
    return say('expected', {
      n: Math.round(mean), range, sure: number(geobuffer.countByClass().inside),
    });
  }

  /** Return the lines of the modelled range of people, which is separate from the counted people. */
  function modelLines() {
    const { total } = geobuffer.countPeople(geobuffer.placesOfClass('inside'));
    const ends = geobuffer.modelPeople(total);
    if (!ends) return [];
    const { basis } = facts.places.people;
    const oblasts = basis.oblasts
      .map((names) => geobuffer.pickText(names)).join(', ');
    const [least, most] = [basis.sizes[0], basis.sizes.at(-1)].map((size) => number(size ?? 0));
    const bases = [
      ...(basis.sizes.length ? [say('model_sizes', {
        small: number(basis.small), km: plain(basis.near_km), oblasts,
        sizes: least === most ? least : `${least}–${most}`,
        dates: basis.dates.join(', ') || say('undated'),
      })] : []),
      ...(basis.has_totals ? [say('model_totals')] : []),
    ];
    const range = say('model', { low: number(ends[0]), high: number(ends[1]) });
    return [
      element('span', 'line', range), element('span', 'quiet line', bases.join(' ')),
    ];
  }

  function showSummary() {
    const lines = [['population_inside', 'inside'], ['population_uncertain', 'uncertain']]
      .map(([key, membership]) => [key, geobuffer.placesOfClass(membership)])
      .filter(([, places]) => places.length)
      .map(([key, places]) => element('span', 'line', `${say(key)}: `,
        element('b', '', populationText(geobuffer.countPeople(places)))));
    const dated = facts.places.is_bundled
      ? [element('span', 'quiet line', say('population_date'))] : [];
    const none = facts.places.given ? say('none_found') : say('none_given');
    const expected = expectedText();
    byId('summary').replaceChildren(
      ...(expected ? [element('b', 'line', expected)] : []),
      ...(lines.length ? [...lines, ...dated] : [none]),
      ...modelLines(),
    );
  }

  /** Show the present width and side, and those of the zone as built if they differ. */
  function showPresent(rings) {
    const area = rings.reduce((sum, ring) => sum + ring.area, 0);
    const exact = rings.every((ring) => ring.exact);
    const shown = { km: plain(view.km), area: areaText({ area, exact }) };
    geobuffer.showAnswer(shown.area);
    byId('shown').textContent = facts.zone.is_plain
      ? say('shown', { ...shown, on: geobuffer.onSide(view.side) })
      : say('shown_area', shown);
    byId('asked').hidden = geobuffer.isAsBuilt();
    byId('asked').textContent = say('asked', {
      km: plain(geobuffer.built.km), on: geobuffer.onSide(geobuffer.built.side),
    });
  }

  /** Return the heading of the zone as built, or one for the present width and side. */
  function writeHeading() {
    if (geobuffer.isAsBuilt()) return facts.titles[view.language];
    return facts.along[view.language].replace('{km}', plain(view.km)) + geobuffer.onSide(view.side);
  }

  /** Return a few names, and an ellipsis if there are more. */
  function namesOf(sections) {
    const names = sections.slice(0, MOST_NAMES).map((section) => geobuffer.pickText(section.names));
    return [...names, ...(sections.length > MOST_NAMES ? ['…'] : [])].join('; ');
  }

  /** Return a length with at least three digits: 1,265 but 4.52. */
  function measure(km) {
    return number(km, km > 0 && km < 100 ? Math.max(0, 2 - Math.floor(Math.log10(km))) : 0);
  }

  /** Return the years of dates from the first to the last, and whether some figures have none. */
  function joinDates(dates) {
    const known = [...new Set(dates)].sort();
    const years = [...new Set(known.filter(Boolean).map((date) => date.slice(0, 4)))];
    if (!years.length) return '';
    const span = years.length === 1 ? years[0] : `${years[0]}–${years.at(-1)}`;
    return known[0] ? span : say('or_undated', { date: span });
  }

  /** Return the dates of the border, the regions and the people of the zone, without those not stated. */
  function describeDates() {
    const regions = facts.sources.filter(({ layer, as_of: date }) => layer === 'regions' && date);
    const people = geobuffer.places
      .filter((place) => geobuffer.isInZone(place) && Number.isFinite(place.population));
    const dated = [
      ['it', facts.border.as_of],
      ['as_of_regions', [...new Set(regions.map((source) => source.as_of))].sort().join('; ')],
      ['as_of_people', joinDates(people.map((place) => place.population_as_of ?? ''))],
    ].filter(([, date]) => date).map(([key, date]) => `${say(key)} ${date}`);
    return dated.length ? say('as_of_line', { list: dated.join(', ') }) : '';
  }

  function showTitle() {
    const { border } = facts;
    document.title = writeHeading();
    byId('title').textContent = writeHeading();
    byId('subtitle').textContent = [
      facts.kind === 'point' ? say('measured_from', { names: namesOf(border.sections) }).replace('….', '…')
        : say(border.sections.length > 1 ? 'length_parts' : 'length', {
          n: border.sections.length, length: measure(border.length_km),
        }),
      border.sea_km ? say('sea_km', { km: measure(border.sea_km) }) : '',
      describeDates(),
    ].filter(Boolean).join(' ');
  }

  /** Update what depends on the width and the side of the zone. */
  function showZone() {
    const rings = geobuffer.rings();
    showTitle();
    showPresent(rings);
    showLegend(rings);
    showSummary();
    geobuffer.showReports();
  }

  function hostOf(address) {
    try {
      return new URL(address).host;
    } catch {
      return address;
    }
  }

  /** Return the text of a note, with its web addresses as links named by their host. */
  function withLinks(note) {
    return note.split(/(https?:\/\/[^\s()]+)/).map((part, i) => {
      if (i % 2 === 0) return part;
      const link = element('a', '', hostOf(part));
      Object.assign(link, { href: part, rel: 'noopener noreferrer', target: '_blank' });
      return link;
    });
  }

  function showNotes(notes) {
    const lines = notes.map((note) => element('li', '', ...withLinks(note)));
    byId('notes').replaceChildren(...lines.slice(0, 1));
    byId('notes').hidden = !lines.length;
    byId('more-notes').replaceChildren(...lines.slice(1));
    byId('reports').hidden = lines.length < 2;
  }

  function visitSection(section) {
    const { map } = geobuffer.view;
    const lines = geobuffer.unpackLines(section.shape);
    const middle = lines[0][Math.floor(lines[0].length / 2)];
    map.fitBounds(L.latLngBounds(lines.flat()), { padding: [30, 30], animate: false });
    map.getContainer().scrollIntoView({ block: 'nearest' });
    geobuffer.openSection(section, middle, true);
  }

  function showSections() {
    const { sections } = geobuffer.facts.border;
    byId('sections').hidden = sections.length < 2;
    byId('section-list').replaceChildren(...sections.map((section) =>
      element('li', '',
        button('place', () => visitSection(section), element('bdi', '', geobuffer.pickText(section.names))),
        element('span', 'quiet', geobuffer.spanOf(section)))));
  }

  /** Return a link for a single web address, and plain text for anything else. */
  function linkTo(url) {
    if (!url || !/^https?:\/\//i.test(url) || url.includes('; http')) return url;
    const link = element('a', '', url);
    link.href = url;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  }

  /** Return a value of a source: '' if it does not apply, and 'not stated' if it is empty. */
  function describeValue(value) {
    return value === undefined ? '' : value || say('not_stated');
  }

  function describeSource(source) {
    const accuracy = Number.isFinite(source.accuracy_m)
      ? `± ${number(source.accuracy_m)} ${say('unit_m')}` : describeValue(source.accuracy_m);
    return element(
      'div', 'source',
      element('h3', '', `${say(`source_${source.layer}`)}: ${source.title}`),
      termList([
        [say('publisher'), source.publisher],
        [say('licence'), describeValue(source.licence)],
        [say('version'), source.version],
        [say('facts_as_of'), source.as_of],
        [say('accuracy_m'), accuracy],
        [say('citation'), source.citation],
        [say('url'), linkTo(source.url)],
      ]),
    );
  }

  /** Return tolerances in metres as text; those of narrow zones are below a metre. */
  function formatTolerances(tolerance) {
    return Object.fromEntries(Object.entries(tolerance).map(([key, m]) => [key, plain(m)]));
  }

  function describeMethod() {
    const { zone, tolerance_m: tolerance } = geobuffer.facts;
    // We round up, because the error must not be larger than stated.
    const error = number(Math.ceil(zone.error_m * 10) / 10, 1);
    return element(
      'div', 'source',
      element('h3', '', say('method')),
      element('p', '', say('method_distance')),
      element('p', '', [say('method_edges', { error }),
        zone.has_ends ? say('method_ends', { ends: say(`ends_${zone.ends}`) }) : ''].join(' ')),
      element('p', '', say('method_drawing', formatTolerances(tolerance))),
      facts.border.sea_km ? element('p', '', say('method_sea')) : null,
      facts.zone.is_plain
        ? element('p', '', say('method_slider', { error: number(Math.ceil(facts.slider.error_m)) }))
        : null,
      element('p', '', say('leaflet', { version: L.version }),
        ' ', say(facts.is_extended ? 'fetches_layers' : 'fetches_nothing')),
    );
  }

  /** Return the maker and the licence of a source in a few words. */
  function nameMaker(source) {
    const [maker] = (source.publisher || source.title).split(/[,(;]/);
    const [licence] = (source.licence || '').split(/[(;]|: /);
    return [maker.trim(), licence.trim()];
  }

  /** Return a source in one line, for paper. */
  function summarizeSource(source) {
    const accuracy = Number.isFinite(source.accuracy_m)
      ? `± ${number(source.accuracy_m)} ${say('unit_m')}` : null;
    const parts = [...nameMaker(source), source.as_of, accuracy].filter(Boolean);
    return element('li', '', joinUnits(`${say(`source_${source.layer}`)}: ${parts.join(', ')}`));
  }

  function showSources() {
    byId('printed-sources').replaceChildren(...geobuffer.facts.sources.map(summarizeSource));
    const sources = geobuffer.facts.sources.map(describeSource);
    byId('source-list').replaceChildren(describeMethod(), ...sources);
  }

  /** Write the whole panel in the language of the page. */
  function showPanel() {
    geobuffer.sayFixedParts();
    geobuffer.sayChoices();
    showNotes(geobuffer.pickText(facts.notes));
    showZone();
    byId('settlements').hidden = !geobuffer.places.length;
    byId('layer-outside').parentElement.hidden = !geobuffer.places.length;
    document.querySelector('.skip').hidden = !geobuffer.places.length;
    byId('search-label').textContent = say(geobuffer.places.length ? 'search' : 'search_bare');
    geobuffer.showTable();
    showSections();
    showSources();
    geobuffer.showFound();
  }

  /** Return how to cite the page: its heading, its makers, the date of the border, and its address. */
  function citePage(link) {
    const makers = facts.sources.map((source) => nameMaker(source)[0]);
    return say(facts.border.as_of ? 'cite_dated' : 'cite', {
      title: writeHeading(), version: facts.version, makers: [...new Set(makers)].join(', '),
      date: facts.border.as_of, link,
    });
  }

  Object.assign(geobuffer, { citePage, showPanel, showZone, placeGlyph, populationText });
})(window.geobuffer);
