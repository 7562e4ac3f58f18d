'use strict';
// The panel: title, legend with counts, sections, sources.

(function (geobuffer) {
  const { say, number, element, button, termList, svg } = geobuffer;
  const byId = (id) => document.getElementById(id);

  function swatch(...shapes) {
    const size = { viewBox: '0 0 26 18', width: 26, height: 18 };
    return svg('svg', { ...size, 'aria-hidden': 'true' }, ...shapes);
  }

  /** The dot of a class, as the map draws it. */
  function placeGlyph(membership) {
    const style = geobuffer.placeStyle(membership);
    if (!style) return swatch();
    return swatch(svg('circle', {
      cx: 13, cy: 9, r: style.radius, fill: style.fillColor, stroke: style.color,
      'stroke-width': style.weight,
    }));
  }

  function ringGlyph(ring) {
    const style = geobuffer.ringStyle(ring);
    return swatch(svg('rect', {
      x: 2, y: 2, width: 22, height: 14, fill: style.fillColor, 'fill-opacity': style.fillOpacity,
      stroke: style.color, 'stroke-width': 1.2,
    }));
  }

  function lineGlyph(withJunction) {
    const stroke = geobuffer.colour('border');
    const line = svg('line', { x1: 1, x2: 25, y1: 9, y2: 9, stroke, 'stroke-width': 2.4 });
    const dot = svg('circle', {
      cx: 13, cy: 9, r: 3.6, fill: geobuffer.colour('junction'), stroke, 'stroke-width': 1.6,
    });
    return withJunction ? swatch(line, dot) : swatch(line);
  }

  function borderEntry(hasSections) {
    return entry(lineGlyph(hasSections), say(hasSections ? 'border' : 'border_plain'));
  }

  function regionGlyph() {
    return swatch(svg('rect', {
      x: 2, y: 2, width: 22, height: 14, fill: geobuffer.colour('land'),
      stroke: geobuffer.colour('region'), 'stroke-dasharray': '4 3',
    }));
  }

  function entry(glyph, text, count) {
    const line = element('li', '', glyph, element('span', '', text));
    if (count !== undefined) line.append(element('b', 'number', number(count)));
    return line;
  }

  function farEntry() {
    const { far, reach_km: km } = geobuffer.facts.places;
    const line = entry(swatch(), say('far', { km: number(km) }), far);
    line.dataset.count = 'far';
    return line;
  }

  function placeEntries() {
    const counts = geobuffer.countByClass(geobuffer.places);
    const lines = ['inside', 'uncertain', 'outside', 'unlocated']
      .filter((membership) => membership !== 'unlocated' || counts.unlocated)
      .map((membership) => {
        const line = entry(placeGlyph(membership), say(membership), counts[membership]);
        line.dataset.count = membership;
        return line;
      });
    return geobuffer.facts.places.far ? [...lines, farEntry()] : lines;
  }

  function ringText(ring) {
    const area = number(ring.area_km2, ring.area_km2 < 10 ? 2 : 0);
    if (!ring.edges_km) return say('ring_named', { name: ring.name, area });
    const [from, to] = ring.edges_km.map((edge) => edge.toLocaleString(geobuffer.view.language));
    return say('ring', { from, to, area });
  }

  function showLegend() {
    const { zone, border, regions, places } = geobuffer.facts;
    const rings = zone.rings.map((ring) => entry(ringGlyph(ring), ringText(ring)));
    byId('legend').replaceChildren(
      ...(places.given ? placeEntries() : []), ...rings, borderEntry(border.sections.length > 1),
      ...(regions.length ? [entry(regionGlyph(), say('regions'))] : []),
    );
  }

  function populationText(people) {
    if (!people.known) return say('population_unknown');
    const total = say('at_least', { total: number(people.total) });
    if (!people.unknown) return total;
    return `${total} (${say('without_figure', { count: number(people.unknown) })})`;
  }

  function showSummary() {
    if (!geobuffer.facts.places.given) {
      byId('summary').replaceChildren(say('none_given'));
      return;
    }
    const inside = geobuffer.places.filter((place) => geobuffer.classOf(place) === 'inside');
    const uncertain = geobuffer.places
      .filter((place) => geobuffer.classOf(place) === 'uncertain');
    const lines = [['population_inside', inside], ['population_uncertain', uncertain]]
      .filter(([, places]) => places.length)
      .map(([key, places]) => element('span', 'line', `${say(key)}: `,
        element('b', '', populationText(geobuffer.countPeople(places)))));
    byId('summary').replaceChildren(
      ...(lines.length ? [...lines, element('span', 'quiet line', say('population_date'))]
        : [say('none_found')]),
    );
  }

  function showTitle() {
    const { titles, notes, zone, border } = geobuffer.facts;
    const title = titles[geobuffer.view.language];
    document.title = title;
    byId('title').textContent = title;
    byId('subtitle').textContent = say('subtitle', {
      sections: number(border.sections.length),
      length: number(border.length_km),
      area: number(zone.rings.reduce((sum, ring) => sum + ring.area_km2, 0)),
    });
    showNotes(notes);
  }

  function hostOf(address) {
    try {
      return new URL(address).host;
    } catch {
      return address;
    }
  }

  /** A note's text, its web addresses as links named by their host. */
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
    const lines = section.lines.map(geobuffer.unpackLine);
    const middle = lines[0][Math.floor(lines[0].length / 2)];
    map.fitBounds(L.latLngBounds(lines.flat()), { padding: [30, 30], animate: false });
    map.getContainer().scrollIntoView({ block: 'nearest' });
    geobuffer.openSection(section, middle, true);
  }

  function showSections() {
    const { language } = geobuffer.view;
    const { sections } = geobuffer.facts.border;
    byId('sections').hidden = sections.length < 2;
    byId('section-list').replaceChildren(...sections.map((section) =>
      element('li', '',
        button('place', () => visitSection(section), element('bdi', '', section.names[language])),
        element('span', 'quiet', geobuffer.spanOf(section)))));
  }

  /** A link if it is an address of the web, plain text if it is anything else. */
  function address(url) {
    if (!url || !/^https?:\/\//i.test(url)) return url;
    const link = element('a', '', url);
    link.href = url;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  }

  /** What a source says of itself: silent where nothing was asked, frank where it is not stated. */
  function stated(value) {
    return value === undefined ? '' : value || say('not_stated');
  }

  function describeSource(source) {
    const accuracy = Number.isFinite(source.accuracy_m)
      ? `± ${number(source.accuracy_m)} ${say('unit_m')}` : stated(source.accuracy_m);
    return element(
      'div', 'source',
      element('h3', '', `${say(`source_${source.layer}`)}: ${source.title}`),
      termList([
        [say('publisher'), source.publisher],
        [say('licence'), stated(source.licence)],
        [say('version'), source.version],
        [say('facts_as_of'), stated(source.as_of)],
        [say('accuracy_m'), accuracy],
        [say('citation'), source.citation],
        [say('url'), address(source.url)],
      ]),
    );
  }

  function describeMethod() {
    const { zone, tolerance_m: tolerance } = geobuffer.facts;
    // Rounded up: it is a bound.
    const error = number(Math.ceil(zone.error_m * 10) / 10, 1);
    return element(
      'div', 'source',
      element('h3', '', say('method')),
      element('p', '', say('method_distance')),
      element('p', '', say('method_edges', { error, ends: say(`ends_${zone.ends}`) })),
      element('p', '', say('method_drawing', tolerance)),
      element('p', '', say('leaflet', { version: L.version })),
    );
  }

  function showSources() {
    const sources = geobuffer.facts.sources.map(describeSource);
    byId('source-list').replaceChildren(describeMethod(), ...sources);
  }

  /** Write the whole panel anew, in the language of the page. */
  function showPanel() {
    geobuffer.sayFixedParts();
    showTitle();
    showLegend();
    showSummary();
    geobuffer.showTable();
    showSections();
    showSources();
    document.querySelector('.search').hidden = !geobuffer.places.length;
    geobuffer.showFound();
  }

  Object.assign(geobuffer, { showPanel, placeGlyph });
})(window.geobuffer);
