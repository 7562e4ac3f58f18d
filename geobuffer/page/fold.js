'use strict';
// One spelling finds another: the same folding as geobuffer/names.py.

(function (geobuffer) {
  const ALIKE = {
    'ё': 'е', 'є': 'е', 'э': 'е', 'і': 'и', 'ї': 'и', 'й': 'и', 'ы': 'и', 'ґ': 'г',
    'ь': '', 'ъ': '', "'": '', '’': '', 'ʼ': '', '‘': '', '`': '', 'ʹ': '',
    '-': ' ', '–': ' ', '—': ' ',
  };

  /** A name without case, accents, apostrophes and the letters that spellings differ in. */
  function fold(name) {
    const lower = name.normalize('NFC').toLowerCase().replace(/ß/g, 'ss');
    const plain = Array.from(lower, (sign) => ALIKE[sign] ?? sign).join('');
    return plain.normalize('NFD').replace(/\p{M}/gu, '').split(/\s+/u).filter(Boolean).join(' ');
  }

  const NAMES = ['name_en', 'name_uk', 'name_ru', 'name'];

  function foldedNames(place) {
    return NAMES.filter((column) => place[column]).map((column) => fold(place[column]));
  }

  /** How well names answer a query: 0 the whole name, 1 its beginning, 2 a word's, 3 a part. */
  function rank(names, query) {
    if (names.some((name) => name === query)) return 0;
    if (names.some((name) => name.startsWith(query))) return 1;
    if (names.some((name) => name.includes(' ' + query))) return 2;
    return names.some((name) => name.includes(query)) ? 3 : Infinity;
  }

  const CLASS_ORDER = { inside: 0, uncertain: 1, outside: 2, unlocated: 3 };
  let index = null;

  /** All places that answer a query, best first; places of one name stay apart. */
  function findPlaces(text) {
    const query = fold(text);
    if (!query) return [];
    index ??= geobuffer.places.map((place) => ({ place, names: foldedNames(place) }));
    return index
      .map(({ place, names }) => ({ place, rank: rank(names, query) }))
      .filter((answer) => answer.rank < Infinity)
      .sort((a, b) => a.rank - b.rank || classOrder(a.place) - classOrder(b.place)
        || (a.place.distance_km ?? Infinity) - (b.place.distance_km ?? Infinity))
      .map((answer) => answer.place);
  }

  function classOrder(place) {
    return CLASS_ORDER[geobuffer.classOf(place)];
  }

  Object.assign(geobuffer, { fold, findPlaces });
})(window.geobuffer);
