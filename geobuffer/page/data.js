'use strict';
// What the page shows: read from the blocks of JSON, unpacked, counted.

window.geobuffer = {};

(function (geobuffer) {
  function readJson(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  /** Steps of 0.00001 degrees, longitude first, to Leaflet's [latitude, longitude]. */
  function unpackLine(deltas) {
    const points = [];
    let lon = 0;
    let lat = 0;
    for (let i = 0; i < deltas.length; i += 2) {
      lon += deltas[i];
      lat += deltas[i + 1];
      points.push([lat / 1e5, lon / 1e5]);
    }
    return points;
  }

  function unpackShape(polygons) {
    return polygons.map((rings) => rings.map(unpackLine));
  }

  /** A column is a list, or its different values with a code for each row or run of rows. */
  function unpackColumn(column) {
    if (Array.isArray(column)) return column;
    if (column.codes) return column.codes.map((code) => column.values[code]);
    const rows = [];
    for (let i = 0; i < column.runs.length; i += 2) {
      for (let n = column.runs[i + 1]; n > 0; n -= 1) rows.push(column.values[column.runs[i]]);
    }
    return rows;
  }

  function unpackPlaces(places) {
    const columns = Object.entries(places.columns)
      .map(([name, column]) => [name, unpackColumn(column)]);
    return Array.from({ length: places.count }, (_, row) => {
      const place = { row };
      for (const [name, column] of columns) place[name] = column[row];
      place.located = place.lon !== null && place.lat !== null;
      return place;
    });
  }

  /** The class of a place, by which it is drawn, counted and listed. */
  function classOf(place) {
    if (!place.located) return 'unlocated';
    return place.membership || 'outside';
  }

  /** A place's name in a language, or in the first other that has one. */
  function nameOf(place, language) {
    const columns = [`name_${language}`, 'name', 'name_en', 'name_uk', 'name_ru', 'code'];
    const known = columns.find((column) => place[column]);
    return known ? place[known] : '—';
  }

  /** A region's, side's or section's label: `value` is its own name. */
  function labelOf(items, value, language) {
    const found = items.find((item) => item.name === value);
    return found ? found.names[language] : value;
  }

  function countByClass(places) {
    const counts = { inside: 0, uncertain: 0, outside: 0, unlocated: 0 };
    for (const place of places) counts[classOf(place)] += 1;
    return counts;
  }

  /** The people of some places: a sum of what is known, and for how many nothing is. */
  function countPeople(places) {
    const isKnown = (place) => Number.isFinite(place.population);
    const known = places.filter(isKnown);
    return {
      total: known.reduce((sum, place) => sum + place.population, 0),
      known: known.length,
      unknown: places.length - known.length,
    };
  }

  /** Places inside and uncertain, nearest to the border first. */
  function placesInZone() {
    const inZone = geobuffer.places.filter((place) => {
      const membership = classOf(place);
      return membership === 'inside' || membership === 'uncertain';
    });
    return inZone.sort((a, b) => a.distance_km - b.distance_km || a.row - b.row);
  }

  geobuffer.facts = readJson('geobuffer-data');
  geobuffer.words = readJson('geobuffer-words');
  geobuffer.places = unpackPlaces(geobuffer.facts.places);
  geobuffer.view = { language: geobuffer.facts.language, map: null };
  Object.assign(geobuffer, {
    unpackLine, unpackShape, classOf, nameOf, labelOf, countByClass, countPeople,
    placesInZone,
  });
})(window.geobuffer);
