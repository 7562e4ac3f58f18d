'use strict';
// Show the table of settlements in the zone: filter it, sort it, show a part at a time, and download it.

(function (geobuffer) {
  const { say, byId, number, element, button } = geobuffer;
  const PAGE = 100;
  const order = { column: 'distance_km', descending: false };
  let shown = PAGE;

  // A spreadsheet runs a cell as a formula if it begins with one of these signs. A number is safe, and so
  // is a formula that is only a text: geobuffer/io/spreadsheet_texts.py writes other cells as such formulas.
  const FORMULA = /^[=+\-@\t\r](?!\d[\d.,\s]*°?$)(?!"(?:[^"]|"")*"$)/;
  const LONGEST_FORMULA = 255;
  const FILE_COLUMNS = [
    'name_en', 'name_uk', 'name_ru', 'name', 'kind', 'country', 'oblast', 'raion', 'hromada',
    'hromada_code', 'hromada_type', 'code', 'code_system', 'membership', 'p_inside',
    'distance_km', 'margin_km',
    'ring', 'side', 'section', 'chainage_km', 'population', 'population_as_of', 'lat', 'lon',
    'accuracy_m', 'radius_m', 'transliterated', 'source', 'conflict', 'zone_km', 'zone_side',
  ];

  // If the table states accuracies, the page shows the probability that each place lies in the zone.
  const areLikely = Boolean(geobuffer.facts.places.expected);

  function tableRow(place) {
    const state = geobuffer.stateOf(place);
    const name = element('bdi', '', geobuffer.nameOf(place, geobuffer.view.language));
    const glyph = geobuffer.placeGlyph(state);
    const press = button('place', () => geobuffer.visitPlace(place), glyph, name);
    press.append(element('span', 'unseen', ` (${say(`${state}_short`)})`));
    const known = Number.isFinite(place.population);
    return element(
      'tr', state,
      element('td', '', place.located ? press : element('span', 'place', glyph, name),
        element('span', 'quiet', geobuffer.whereabouts(place))),
      element('td', 'number', place.located ? geobuffer.distanceText(place) : '—',
        areLikely ? element('span', 'quiet', geobuffer.probabilityText(place) ?? '—') : null),
      element('td', 'number', known ? number(place.population) : '—'),
    );
  }

  function sortValue(place) {
    if (order.column === 'name') return geobuffer.nameOf(place, geobuffer.view.language);
    if (order.column === 'distance_km') return geobuffer.distanceOf(place) ?? null;
    if (order.column === 'p_inside') return geobuffer.probabilityOf(place);
    return place[order.column] ?? null;
  }

  /**
   * Compare two places for sorting, by a map of their values. Unknown values come last in either
   * order. Places with equal values are sorted by distance.
   */
  function comparePlaces(values, a, b) {
    const [one, other] = [values.get(a), values.get(b)];
    const unknown = (one === null) - (other === null);
    if (unknown) return unknown;
    const sign = order.descending ? -1 : 1;
    const difference = typeof one === 'string'
      ? collator.compare(one, other) : (one ?? 0) - (other ?? 0);
    return sign * difference || (a.distance_km ?? 0) - (b.distance_km ?? 0) || a.row - b.row;
  }

  // Reusing one collator is twenty times as fast as localeCompare.
  let collator = new Intl.Collator('en');

  function listClass() {
    const chosen = byId('filter-class').value;
    return chosen === 'all' ? geobuffer.places.filter(geobuffer.isInZone)
      : geobuffer.placesOfClass(chosen);
  }

  // The filter searches these keys of each place's names and regions, in the page's language.
  let searched = { language: null, keys: [] };

  function matchesQuery(place, query) {
    const { language } = geobuffer.view;
    if (searched.language !== language) {
      const texts = geobuffer.places.map((one) => [
        ...geobuffer.namesOf(one), geobuffer.whereabouts(one), one.raion, one.hromada, one.oblast,
      ].filter(Boolean));
      const keys = geobuffer.makeKeys(texts.flat());
      searched = { language, keys: texts.map((some) => keys.splice(0, some.length)) };
    }
    return searched.keys[place.row].some((key) => key.includes(query));
  }

  /** Return the settlements of the chosen class that match the filter. */
  function findListed() {
    const [query] = geobuffer.makeKeys([byId('filter').value]);
    return query ? listClass().filter((place) => matchesQuery(place, query)) : listClass();
  }

  /** Return the settlements of the chosen class that match the filter, in order. */
  function listedPlaces() {
    collator = new Intl.Collator(geobuffer.view.language);
    const found = findListed();
    const values = new Map(found.map((place) => [place, sortValue(place)]));
    return found.sort((a, b) => comparePlaces(values, a, b));
  }

  function showOrder() {
    for (const head of document.querySelectorAll('#table th')) {
      const isOrder = head.dataset.column === order.column;
      if (isOrder) head.setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
  }

  function sortBy(column) {
    order.descending = column === order.column
      ? !order.descending : ['population', 'p_inside'].includes(column);
    order.column = column;
    showTable();
  }

  /** Show how many settlements the list has. */
  function showListed({ length } = findListed()) {
    byId('listed').textContent = say('listed', { count: number(length) });
    byId('table').hidden = !length;
    byId('download').hidden = !length;
  }

  function showTable() {
    const places = listedPlaces();
    const most = geobuffer.view.printing ? places.length : shown;
    const rest = Math.max(0, places.length - most);
    byId('rows').replaceChildren(...places.slice(0, most).map(tableRow));
    showListed(places);
    byId('more').hidden = !rest;
    byId('more').textContent = say('more', { count: number(Math.min(rest, 4 * PAGE)) });
    showOrder();
  }

  function showMore() {
    const first = shown;
    shown += 4 * PAGE;
    showTable();
    byId('rows').children[first]?.querySelector('button')?.focus();
  }

  /** Return a text in a form that no spreadsheet runs: a short text as a formula whose value it is. */
  function guardText(text) {
    if (!FORMULA.test(text)) return text;
    return text.length > LONGEST_FORMULA ? `'${text}` : `="${text.replaceAll('"', '""')}"`;
  }

  function formatCell(value, separator = ',') {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return String(value);
    const text = guardText(value);
    const isQuoted = /["\r\n]/.test(text) || text.includes(separator);
    return isQuoted ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function roundTo4(p) {
    return Number.isFinite(p) ? Number(p.toFixed(4)) : null;
  }

  /** Return a settlement as a row of the file, with its ring and the width and side of the zone. */
  function makeRecord(place, rings) {
    const found = rings.length > 1 && rings[geobuffer.ringOf(place)];
    return {
      ...place,
      membership: geobuffer.stateOf(place),
      p_inside: roundTo4(geobuffer.probabilityOf(place)),
      distance_km: geobuffer.distanceOf(place),
      ring: found ? found.name ?? `${found.from}–${found.to} km` : undefined,
      zone_km: geobuffer.view.km,
      zone_side: geobuffer.view.side,
    };
  }

  /** Return the list as CSV (RFC 4180), in the order shown. */
  function tableAsCsv() {
    const rings = geobuffer.rings();
    const records = listedPlaces().map((place) => makeRecord(place, rings));
    const { columns: packed, exactness } = geobuffer.facts.places;
    const known = new Set([...Object.keys(packed), ...(exactness?.names ?? []),
      'membership', 'zone_km', 'zone_side', rings.length > 1 ? 'ring' : '',
      geobuffer.facts.places.expected ? 'p_inside' : '']);
    const columns = FILE_COLUMNS.filter((name) => known.has(name));
    const rows = records.map((one) => columns.map((name) => formatCell(one[name])).join(','));
    return [columns.join(','), ...rows, ''].join('\r\n');
  }

  function saveCsv(text, name) {
    // With a byte order mark, spreadsheets read the file as UTF-8.
    const file = new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' });
    const link = element('a', '');
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function startTable() {
    document.querySelector('[data-column="p_inside"]').hidden = !areLikely;
    byId('more').addEventListener('click', showMore);
    byId('download').addEventListener('click', () => saveCsv(tableAsCsv(), 'settlements.csv'));
    byId('filter').addEventListener('input', showTable);
    byId('filter-class').addEventListener('change', showTable);
    for (const head of document.querySelectorAll('#table th')) {
      head.querySelector('button').addEventListener('click', () => sortBy(head.dataset.column));
    }
  }

  Object.assign(geobuffer, { showListed, showTable, startTable, tableAsCsv, formatCell, saveCsv });
})(window.geobuffer);
