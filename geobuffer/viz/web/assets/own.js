'use strict';
// The reader's own places: a CSV that is dropped on the page, or chosen, is classified here. It stays
// on the reader's machine. Every row and column comes back in the file that can be saved.

(function (geobuffer) {
  const { say, number, element, view } = geobuffer;
  const byId = (id) => document.getElementById(id);
  // More rows than that take more than some seconds on a phone; geobuffer itself takes any number.
  const MOST = 5000;
  const LAT = /^(?:lat|latitude|y|широта|szerokość)$/i;
  const LON = /^(?:lon|lng|long|longitude|x|довгота|долгота|długość)$/i;
  const ANSWERS = ['membership', 'distance_km', 'margin_km', 'side', 'section', 'zone_km', 'zone_side'];
  let own = null;

  /** Return the rows of a CSV as lists of cells (RFC 4180), with the separator that its first line has. */
  function parseCsv(text) {
    const plain = text.replace(/^\ufeff/, '');
    const first = plain.slice(0, plain.search(/[\r\n]|$/));
    const separator = [';', '\t', ','].reduce((best, one) => (
      first.split(one).length > first.split(best).length ? one : best));
    const rows = [];
    let [row, cell, isQuoted] = [[], '', false];
    const endRow = () => {
      row.push(cell);
      if (row.length > 1 || row[0] !== '') rows.push(row);
      [row, cell] = [[], ''];
    };
    for (let i = 0; i < plain.length; i += 1) {
      const sign = plain[i];
      if (isQuoted) {
        if (sign !== '"') cell += sign;
        else if (plain[i + 1] === '"') cell += plain[i += 1];
        else isQuoted = false;
      } else if (sign === '"' && cell === '') isQuoted = true;
      else if (sign === separator) {
        row.push(cell);
        cell = '';
      } else if (sign === '\n') endRow();
      else if (sign !== '\r') cell += sign;
    }
    if (cell !== '' || row.length) endRow();
    return rows;
  }

  function readNumber(text) {
    const plain = (text ?? '').trim().replace(',', '.').replace('−', '-');
    return /^[+-]?\d+(?:\.\d*)?$/.test(plain) ? Number(plain) : NaN;
  }

  /** Return how the coordinates of a row are found: in two columns, or in one that holds both. */
  function findCoordinates(header, rows) {
    const find = (pattern) => header.findIndex((name) => pattern.test(name.trim()));
    const [lat, lon] = [find(LAT), find(LON)];
    if (lat >= 0 && lon >= 0) return (row) => [readNumber(row[lat]), readNumber(row[lon])];
    const both = header.findIndex((_, i) => rows.some((row) => geobuffer.parsePosition(row[i] ?? '')));
    return both < 0 ? null : (row) => geobuffer.parsePosition(row[both] ?? '');
  }

  function locateRow(at) {
    const isValid = at && at.every(Number.isFinite) && Math.abs(at[0]) <= 90 && Math.abs(at[1]) <= 360;
    return isValid ? geobuffer.makePlace(at) : null;
  }

  /** Take the text of a file; return false if it has no coordinates. */
  function takeCsv(text) {
    const [header = [], ...rows] = parseCsv(text);
    const coordinates = findCoordinates(header, rows.slice(0, 50));
    const isFit = coordinates && rows.length > 0 && rows.length <= MOST;
    own?.layer?.remove();
    own = isFit ? { header, rows, places: rows.map((row) => locateRow(coordinates(row))) } : null;
    if (own) {
      own.layer = L.layerGroup().addTo(view.map);
      showOwn();
    } else byId('own-status').textContent = say('own_refused', { most: number(MOST) });
    byId('own-save').hidden = !own;
    return isFit;
  }

  /** Show the reader's places in the zone that is shown. */
  function showOwn() {
    if (!own) return;
    const counts = { inside: 0, uncertain: 0, outside: 0 };
    own.layer.clearLayers();
    own.places.forEach((place, i) => {
      if (!place) return;
      place.membership = geobuffer.classOfPoint(place);
      counts[place.membership] += 1;
      const style = geobuffer.placeStyle(place.membership);
      const dot = L.circleMarker([place.lat, place.lon], { ...style, radius: 6, weight: 2, fillOpacity: 1 });
      dot.bindTooltip(() => element('div', '', own.rows[i].slice(0, 3).join(' · ')));
      dot.on('click', (event) => {
        L.DomEvent.stopPropagation(event);
        geobuffer.openPoint(place);
      });
      own.layer.addLayer(dot);
    });
    byId('own-status').textContent = say('own_found', {
      rows: number(own.rows.length), inside: number(counts.inside), uncertain: number(counts.uncertain),
      outside: number(counts.outside),
      missing: number(own.places.filter((place) => !place).length),
    });
  }

  /** Return the file with our answers in further columns; rows without a point have none. */
  function ownAsCsv() {
    const names = ANSWERS.map((name) => (own.header.includes(name) ? `geobuffer_${name}` : name));
    const lines = own.rows.map((row, i) => {
      const place = own.places[i];
      const known = { ...place, zone_km: view.km, zone_side: view.side };
      for (const name of ['distance_km', 'margin_km']) known[name] = Number(known[name]?.toFixed(3));
      const answers = ANSWERS.map((name) => (place ? known[name] : ''));
      return [...own.header.map((_, n) => row[n] ?? ''), ...row.slice(own.header.length), ...answers];
    });
    return [[...own.header, ...names], ...lines, []]
      .map((row) => row.map(geobuffer.formatCell).join(',')).join('\r\n');
  }

  async function takeFile(file) {
    if (!file) return;
    byId('own').open = true;
    takeCsv(await file.text());
  }

  function startOwn() {
    byId('own-file').addEventListener('change', (event) => takeFile(event.target.files[0]));
    byId('own-save').addEventListener('click', () => geobuffer.saveCsv(ownAsCsv(), 'classified.csv'));
    document.addEventListener('dragover', (event) => event.preventDefault());
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      takeFile(event.dataTransfer.files[0]);
    });
  }

  Object.assign(geobuffer, { startOwn, takeCsv, showOwn, ownAsCsv, parseCsv });
})(window.geobuffer);
