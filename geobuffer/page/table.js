'use strict';
// The table of settlements in the zone: sorted, a page at a time, and as a file.

(function (geobuffer) {
  const { say, number, element, button } = geobuffer;
  const byId = (id) => document.getElementById(id);
  const PAGE = 100;
  const order = { column: 'distance_km', descending: false };
  let shown = PAGE;

  // What a spreadsheet would run as a formula if a cell began with it.
  const FORMULA = /^[=+\-@\t\r]/;
  const FILE_COLUMNS = [
    'name_en', 'name_uk', 'name_ru', 'name', 'kind', 'country', 'oblast', 'raion', 'hromada', 'code',
    'code_system', 'membership', 'distance_km', 'margin_km', 'ring', 'side', 'section', 'chainage_km',
    'population', 'population_as_of', 'lat', 'lon', 'accuracy_m', 'radius_m', 'transliterated',
    'source', 'conflict',
  ];

  function tableRow(place) {
    const membership = geobuffer.classOf(place);
    const name = element('bdi', '', geobuffer.nameOf(place, geobuffer.view.language));
    const press = button('place', () => geobuffer.visitPlace(place), geobuffer.placeGlyph(membership), name);
    const hidden = element('span', 'unseen', ` (${say(`${membership}_short`)})`);
    press.append(hidden);
    const known = Number.isFinite(place.population);
    return element(
      'tr', membership,
      element('td', '', press, element('span', 'quiet', geobuffer.whereabouts(place))),
      element('td', 'number', number(place.distance_km, 1)),
      element('td', 'number', known ? number(place.population) : '—'),
    );
  }

  function sortValue(place) {
    return order.column === 'name'
      ? geobuffer.nameOf(place, geobuffer.view.language) : place[order.column];
  }

  /** Unknown comes last, whichever way the rest is sorted. */
  function compare(a, b) {
    const [one, other] = [sortValue(a), sortValue(b)];
    const unknown = (one === null) - (other === null);
    if (unknown) return unknown;
    const sign = order.descending ? -1 : 1;
    return sign * (typeof one === 'string'
      ? one.localeCompare(other, geobuffer.view.language) : one - other);
  }

  function sortedPlaces() {
    return geobuffer.placesInZone().sort(compare);
  }

  function showOrder() {
    for (const head of document.querySelectorAll('#table th')) {
      const isOrder = head.dataset.column === order.column;
      if (isOrder) head.setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
  }

  function sortBy(column) {
    order.descending = column === order.column ? !order.descending : column === 'population';
    order.column = column;
    showTable();
  }

  function showTable() {
    const places = sortedPlaces();
    const most = geobuffer.view.printing ? places.length : shown;
    const rest = Math.max(0, places.length - most);
    byId('settlements').hidden = !places.length;
    document.querySelector('.skip').hidden = !places.length;
    byId('rows').replaceChildren(...places.slice(0, most).map(tableRow));
    byId('more').hidden = !rest;
    byId('more').textContent = say('more', { count: number(Math.min(rest, 4 * PAGE)) });
    showOrder();
  }

  function showMore() {
    const first = shown;
    shown += 4 * PAGE;
    showTable();
    byId('rows').children[first]?.querySelector('button').focus();
  }

  function cell(value) {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return String(value);
    const text = FORMULA.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  /** The table as CSV, by RFC 4180, in the order shown. */
  function tableAsCsv() {
    const places = sortedPlaces();
    const columns = FILE_COLUMNS.filter((name) => places.some((place) => place[name] !== undefined));
    const rows = places.map((place) => columns.map((name) => cell(place[name])).join(','));
    return [columns.join(','), ...rows, ''].join('\r\n');
  }

  function download() {
    // The mark at the beginning tells spreadsheets that it is UTF-8.
    const file = new Blob(['\ufeff', tableAsCsv()], { type: 'text/csv;charset=utf-8' });
    const link = element('a', '');
    link.href = URL.createObjectURL(file);
    link.download = 'settlements.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function startTable() {
    byId('more').addEventListener('click', showMore);
    byId('download').addEventListener('click', download);
    for (const head of document.querySelectorAll('#table th')) {
      head.querySelector('button').addEventListener('click', () => sortBy(head.dataset.column));
    }
  }

  Object.assign(geobuffer, { showTable, startTable, tableAsCsv });
})(window.geobuffer);
