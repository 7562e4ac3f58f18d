'use strict';
// Read the page's data from its blocks of JSON, and decode them.

window.geobuffer = {};

(function (geobuffer) {
  const GRID = 1e-5;

  function readJson(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  /** Return a longitude; on a map across the antimeridian from 0 to 360°, so that shapes stay whole. */
  function unwrapLongitude(lon) {
    return geobuffer.facts.wraps && lon < 0 ? lon + 360 : lon;
  }

  /** Decode a line in Google's Encoded Polyline Algorithm Format to Leaflet's [latitude, longitude]. */
  function decodeLine(text, grid = GRID) {
    const points = [];
    const at = [0, 0];
    let axis = 0;
    let value = 0;
    let shift = 0;
    for (let i = 0; i < text.length; i += 1) {
      const bits = text.charCodeAt(i) - 63;
      value |= (bits & 31) << shift;
      shift += 5;
      if (bits & 32) continue;
      at[axis] += value & 1 ? ~(value >> 1) : value >> 1;
      if (axis === 1) points.push([at[0] * grid, unwrapLongitude(at[1] * grid)]);
      axis = 1 - axis;
      value = 0;
      shift = 0;
    }
    return points;
  }

  /** Join arcs by their numbers, end to end; ~n is arc n backwards. */
  function joinArcs(numbers) {
    const points = [];
    for (const number of numbers) {
      const arc = geobuffer.arcs[number < 0 ? ~number : number];
      const there = number < 0 ? arc.slice().reverse() : arc;
      for (const point of points.length ? there.slice(1) : there) points.push(point);
    }
    return points;
  }

  function unpackLines(shape) {
    return shape.map(joinArcs);
  }

  function unpackPolygons(shape) {
    return shape.map((rings) => rings.map(joinArcs));
  }

  /** Return a column as a list. It is stored as a list, or as distinct values and a code per row or run. */
  function unpackColumn(column) {
    if (Array.isArray(column)) return column;
    if (column.codes) return column.codes.map((code) => column.values[code]);
    const rows = [];
    for (let i = 0; i < column.runs.length; i += 2) {
      for (let n = column.runs[i + 1]; n > 0; n -= 1) rows.push(column.values[column.runs[i]]);
    }
    return rows;
  }

  /** Return the names and values of columns stored together: each stored value is a row of all of them. */
  function unpackTogether(columns) {
    const rows = columns ? unpackColumn(columns) : [];
    return (columns?.names ?? []).map((name, at) => [name, rows.map((row) => row[at])]);
  }

  function romanizeWord(word, rules) {
    const low = word.toLowerCase();
    const latin = Array.from(low, (letter, at) => (
      rules.after[low[at - 1] ?? '']?.[letter] ?? rules.letters[letter] ?? letter)).join('');
    const isCapital = (text) => text !== text.toLowerCase() && text === text.toUpperCase();
    if (word.length > 1 && isCapital(word)) return latin.toUpperCase();
    return isCapital(word[0]) ? latin.charAt(0).toUpperCase() + latin.slice(1) : latin;
  }

  /** Return a Ukrainian or Russian name in Latin letters, as `romanize` of geobuffer/zones/toponyms.py. */
  function romanize(name, language) {
    const rules = geobuffer.facts.name_rules.romanization[language];
    return name.replace(/[А-яЁёІіЇїЄєҐґ’]+/g, (word) => romanizeWord(word, rules));
  }

  function unpackPlaces(places) {
    const columns = Object.entries(places.columns)
      .map(([name, column]) => [name, unpackColumn(column)])
      .concat(unpackTogether(places.exactness));
    return Array.from({ length: places.count }, (_, row) => {
      const place = { row };
      for (const [name, column] of columns) place[name] = column[row];
      const { romanized } = place;
      if (romanized) place.name_en = romanize(place[`name_${romanized}`], romanized);
      place.located = place.lon !== null && place.lat !== null;
      if (place.located) place.lon = unwrapLongitude(place.lon);
      return place;
    });
  }

  /**
   * Return the name of a place in a language, or in the first other language that has one. A reader
   * of Russian gets a Ukrainian name before one in Latin letters.
   */
  function nameOf(place, language) {
    const others = language === 'ru' ? ['name_uk', 'name_en'] : ['name_en', 'name_uk', 'name_ru'];
    const columns = [`name_${language}`, 'name', ...others, 'code'];
    const known = columns.find((column) => place[column]);
    return known ? place[known] : '—';
  }

  /** Return the text in a language of texts by language, or the English one if it has none. */
  function pickText(texts, language = geobuffer.view.language) {
    return texts?.[language] ?? texts?.en;
  }

  /** Return the words of each language by their keys, which are stored once. */
  function unpackWords({ keys, texts }) {
    return Object.fromEntries(Object.entries(texts).map(([language, known]) => (
      [language, Object.fromEntries(keys.map((key, i) => [key, known[i]]))])));
  }

  /** Return the label of the region, side or section whose name is `value`; without one, the name. */
  function labelOf(items, value, language) {
    const found = items.find((item) => item.name === value);
    return found ? pickText(found.names, language) : value;
  }

  geobuffer.facts = readJson('geobuffer-data');
  geobuffer.words = unpackWords(readJson('geobuffer-words'));
  geobuffer.arcs = geobuffer.facts.arcs.map((text) => decodeLine(text));
  geobuffer.places = unpackPlaces(geobuffer.facts.places);
  // The places that reports put in the zone: the map places their names first.
  for (const report of geobuffer.facts.places.reports ?? []) {
    for (const { row } of report.places) if (row !== undefined) geobuffer.places[row].named = true;
  }
  // Towns too far from the border for the list. The map shows them, so that readers recognise the area.
  geobuffer.towns = (geobuffer.facts.places.towns ?? []).map((town) => ({
    ...town, lon: unwrapLongitude(town.lon), located: true, isFar: true, membership: 'outside',
  }));
  // If there are few places, the map draws all of them large and with names, at any zoom.
  geobuffer.areFew = geobuffer.places.length <= geobuffer.facts.dots.few;
  geobuffer.view = {
    language: geobuffer.facts.language,
    map: null,
    km: geobuffer.facts.zone.edges_km.at(-1),
    side: geobuffer.facts.zone.side,
    rings: geobuffer.facts.zone.rings.length > 1,
    regions: true,
    // Dots outside the zone are many and less important, so they are hidden at first, unless they are few.
    outside: geobuffer.areFew,
  };
  Object.assign(geobuffer, {
    unpackColumn, unwrapLongitude, romanize, decodeLine, unpackLines, unpackPolygons,
    nameOf, labelOf, pickText,
  });
})(window.geobuffer);
