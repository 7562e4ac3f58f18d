'use strict';
// Classify the reader's own places, from a CSV that the reader drops on the page or chooses. The CSV stays
// on the reader's machine. The file that the reader can save has every row and column of the CSV.

(function (geobuffer) {
  const { say, byId, number, element, view, facts } = geobuffer;
  // A file may have as many rows as the page can have places, which takes some seconds, and 1 kB per row.
  const MOST_ROWS = 100_000;
  const MOST_BYTES = 100e6;
  // We pause after this many milliseconds of work, so that the page reacts to the reader. We report the
  // finished rows no more often than this, because a screen reader reads each report aloud.
  const TURN_MS = 40;
  const REPORT_MS = 1000;
  const MOST_NAMED = 10;
  const LAT = ['lat', 'latitude', 'широта', 'szerokość', 'y'];
  const LON = ['lon', 'lng', 'long', 'longitude', 'довгота', 'долгота', 'długość', 'x'];
  const BOTH = /coord|координат|gps|wkt|geom|point|location|współrzędne/i;
  const ANSWERS = ['membership', 'distance_km', 'margin_km', 'side', 'section', 'zone_km', 'zone_side'];
  const OwnDots = geobuffer.Dots?.extend({
    _isShown() {
      return true;
    },
  });
  let own = null;
  let reading = null;

  /** Return the text of bytes in UTF-8 or UTF-16, or in the code page of Cyrillic Windows; else null. */
  function decodeText(bytes) {
    const decode = (name, options) => new TextDecoder(name, options).decode(bytes);
    // In UTF-16 one of the two bytes of each digit and separator is zero.
    const zeros = [0, 1].map((first) => (
      bytes.subarray(0, 4000).filter((byte, i) => byte === 0 && i % 2 === first).length));
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || zeros[1] > 4 * zeros[0] + 8) return decode('utf-16le');
    if ((bytes[0] === 0xfe && bytes[1] === 0xff) || zeros[0] > 4 * zeros[1] + 8) return decode('utf-16be');
    try {
      return decode('utf-8', { fatal: true });
    } catch {
      const text = decode('windows-1251');
      // In a text of another code page, Cyrillic letters would stand among Latin ones.
      return /[a-z][\u0400-\u04ff]|[\u0400-\u04ff][a-z]/i.test(text) ? null : text;
    }
  }

  /** Return the separator that splits the first line into most cells, outside quotes. */
  function findSeparator(text) {
    const first = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, '');
    return [';', '\t', ','].reduce((best, one) => (
      first.split(one).length > first.split(best).length ? one : best));
  }

  /** Return the rows of a CSV (RFC 4180), each as its number in a spreadsheet and its cells. */
  function parseCsv(text) {
    const plain = text.replace(/^\ufeff/, '');
    const separator = findSeparator(plain);
    const cell = new RegExp('(?:"([^"]*(?:""[^"]*)*)"|'
      + `([^${separator}\r\n]*))(${separator}|\r\n|\r|\n|$)`, 'y');
    const rows = [];
    let cells = [];
    for (let row = 1; cell.lastIndex < plain.length;) {
      const [, quoted, bare, end] = cell.exec(plain);
      cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
      if (end === separator) {
        if (cell.lastIndex < plain.length) continue;
        cells.push('');
      }
      if (cells.length > 1 || cells[0] !== '') rows.push({ row, cells });
      cells = [];
      row += 1;
    }
    return { separator, rows };
  }

  /** Return the number of the column of an axis: its heading is the word for the axis, or contains it. */
  function findColumn(header, words, others) {
    const split = (name) => name.replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ').toLowerCase()
      .split(/[^\p{L}]+/u).filter(Boolean);
    const heads = header.map(split);
    const alone = heads.findIndex((parts) => parts.length === 1 && words.includes(parts[0]));
    // "x" and "y" beside other words mean no coordinates in degrees.
    const sure = words.filter((word) => word.length > 1);
    return alone >= 0 ? alone : heads.findIndex((parts) => parts.some((part) => sure.includes(part))
      && !parts.some((part) => others.includes(part)));
  }

  function readPosition(text = '') {
    try {
      return geobuffer.parsePosition(text);
    } catch {
      return null; // a text about coordinates, but not one pair
    }
  }

  /** Return the number of the column that holds whole positions, or −1. */
  function findPositions(header, rows) {
    const fits = header.map((name, i) => {
      const texts = rows.map(({ cells }) => (cells[i] ?? '').trim()).filter(Boolean);
      // In a column without a word for coordinates, "12 345" may be a number of people.
      const isMarked = BOTH.test(name) || texts.some((text) => /\d[.,]\d|[°'A-Za-z]/.test(text));
      const read = isMarked ? texts.filter(readPosition).length : 0;
      return read > texts.length / 2 ? read + (BOTH.test(name) ? rows.length : 0) : 0;
    });
    const most = Math.max(0, ...fits);
    return most ? fits.indexOf(most) : -1;
  }

  function isOnEarth(at) {
    return at !== null && Math.abs(at[0]) <= 90 && Math.abs(at[1]) <= 360;
  }

  /** Return how the coordinates of a row are found: in two columns, or in one that holds both. */
  function findCoordinates(header, rows) {
    const [lat, lon] = [findColumn(header, LAT, LON), findColumn(header, LON, LAT)];
    const readPair = (cells) => [geobuffer.parseCoordinate(cells[lat] ?? '', 'latitude'),
      geobuffer.parseCoordinate(cells[lon] ?? '', 'longitude')];
    // "x" and "y" may be metres, beside a column of whole positions.
    if (lat >= 0 && lon >= 0 && rows.some(({ cells }) => isOnEarth(readPair(cells)))) return readPair;
    const both = findPositions(header, rows);
    return both < 0 ? null : (cells) => readPosition(cells[both]);
  }

  function refuse(key) {
    byId('own-status').textContent = say(key, { most: number(MOST_ROWS) });
    return false;
  }

  /** Locate rows in short turns, and report how many are done; return null if another file was chosen. */
  async function locateRows(rows, coordinates) {
    const current = reading = {};
    const places = [];
    let reported = performance.now();
    for (let until = performance.now() + TURN_MS; places.length < rows.length;) {
      const at = coordinates(rows[places.length].cells);
      const place = isOnEarth(at) ? geobuffer.makePlace(at) : null;
      if (place) place.inRow = places.length;
      places.push(place);
      if (performance.now() < until) continue;
      if (performance.now() > reported + REPORT_MS) {
        byId('own-status').textContent = say('own_reading', {
          done: number(places.length), rows: number(rows.length),
        });
        reported = performance.now();
      }
      await new Promise((resolve) => { setTimeout(resolve); });
      if (reading !== current) return null;
      until = performance.now() + TURN_MS;
    }
    return places;
  }

  /** Take the text of a file; return false if it has no coordinates. */
  async function takeCsv(text) {
    const { separator, rows: [header, ...rows] } = parseCsv(text);
    own?.dots?.remove();
    own = null;
    byId('own-save').hidden = true;
    reading = null;
    if (rows.length > MOST_ROWS) return refuse('own_too_many');
    const coordinates = rows.length ? findCoordinates(header.cells, rows.slice(0, 50)) : null;
    if (!coordinates) return refuse('own_refused');
    const places = await locateRows(rows, coordinates);
    if (!places) return false;
    if (!places.some(Boolean)) return refuse('own_refused');
    const missing = rows.filter((_, i) => !places[i]).map(({ row }) => row);
    own = { header: header.cells, rows, places, separator, missing };
    own.dots = new OwnDots(places.filter(Boolean), ownStyle).addTo(view.map);
    geobuffer.startDots(own.dots, describeOwn, geobuffer.openPoint);
    showOwn();
    byId('own-save').hidden = false;
    return true;
  }

  function ownStyle(membership) {
    const isFew = own.rows.length <= 1000;
    return { ...geobuffer.placeStyle(membership), radius: isFew ? 6 : 3, weight: isFew ? 2 : 1 };
  }

  /** Describe a row by its first cells, for a tooltip. */
  function describeOwn({ inRow }) {
    return element('div', '', own.rows[inRow].cells.slice(0, 3).join(' · ').slice(0, 200));
  }

  /** Show the reader's places in the zone that is shown. */
  function showOwn() {
    if (!own) return;
    const counts = { inside: 0, uncertain: 0, outside: 0 };
    for (const place of own.places) {
      if (!place) continue;
      // In a zone that is not plain, classes never change, because it has one width only.
      if (facts.zone.is_plain) place.membership = geobuffer.classOfPoint(place);
      counts[place.membership] += 1;
    }
    own.dots.redraw();
    const { missing } = own;
    const named = missing.slice(0, MOST_NAMED).join(', ') + (missing.length > MOST_NAMED ? ', …' : '');
    byId('own-status').textContent = [
      say('own_found', {
        rows: number(own.rows.length), inside: number(counts.inside), missing: number(missing.length),
        uncertain: number(counts.uncertain), outside: number(counts.outside),
      }),
      missing.length ? say('own_missing', { rows: named }) : '',
    ].join(' ').trim();
  }

  /** Return the file with our answers in further columns; rows without a point have none. */
  function ownAsCsv() {
    const width = own.rows.reduce((most, { cells }) => Math.max(most, cells.length), own.header.length);
    const fill = (cells) => Array.from({ length: width }, (_, i) => cells[i] ?? '');
    // The reader may drop a saved file again, which has columns with these names.
    const nameFreely = (name) => (own.header.includes(name) ? nameFreely(`geobuffer_${name}`) : name);
    const names = ANSWERS.map(nameFreely);
    // Where decimals are written with commas, a spreadsheet takes 3.5 for the third of May.
    const hasCommas = own.separator !== ',' && own.rows.slice(0, 50)
      .some(({ cells }) => cells.some((cell) => /^\s*-?\d+,\d+\s*$/.test(cell)));
    const write = (value) => (Number.isFinite(value)
      ? String(Number(value.toFixed(3)))
        .replace('.', hasCommas ? ',' : '.') : value);
    const lines = own.rows.map(({ cells }, i) => {
      const known = { ...own.places[i], zone_km: view.km, zone_side: view.side };
      return [...fill(cells), ...ANSWERS.map((name) => (own.places[i] ? write(known[name]) : ''))];
    });
    return [[...fill(own.header), ...names], ...lines, []].map((cells) => (
      cells.map((cell) => geobuffer.formatCell(cell, own.separator)).join(own.separator))).join('\r\n');
  }

  async function takeFile(file) {
    if (!file) return;
    byId('own').open = true;
    if (file.size > MOST_BYTES) {
      refuse('own_too_many');
      return;
    }
    // A folder can be dropped, too, and cannot be read.
    const bytes = await file.arrayBuffer().catch(() => null);
    const text = bytes && decodeText(new Uint8Array(bytes));
    if (text === null) refuse('own_unreadable');
    else await takeCsv(text);
  }

  function startOwn() {
    const chosen = byId('own-file');
    chosen.addEventListener('change', () => takeFile(chosen.files[0]));
    // Without this, a file that was corrected could not be chosen again.
    chosen.addEventListener('click', () => { chosen.value = ''; });
    byId('own-save').addEventListener('click', () => geobuffer.saveCsv(ownAsCsv(), 'classified.csv'));
    // Texts can still be dropped into the boxes of the page.
    const isFile = (event) => event.dataTransfer?.types.includes('Files');
    document.addEventListener('dragover', (event) => {
      if (isFile(event)) event.preventDefault();
    });
    document.addEventListener('drop', (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      takeFile(event.dataTransfer.files[0]);
    });
  }

  Object.assign(geobuffer, {
    startOwn, takeCsv, takeFile, showOwn, ownAsCsv, parseCsv, decodeText, findCoordinates,
  });
})(window.geobuffer);
