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

  // Russian letters as reporters write them in Latin ones: a reader may know Volchansk only.
  const LATIN = {
    а: 'a', б: 'b', в: 'v', г: 'g', д: 'd', е: 'e', ж: 'zh', з: 'z', и: 'i', к: 'k', л: 'l', м: 'm',
    н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh', ц: 'ts', ч: 'ch',
    ш: 'sh', щ: 'shch', ю: 'yu', я: 'ya',
  };

  function inLatin(folded) {
    return Array.from(folded, (sign) => LATIN[sign] ?? sign).join('');
  }

  function foldedNames(place) {
    const names = NAMES.filter((column) => place[column]).map((column) => fold(place[column]));
    return place.name_ru ? [...names, inLatin(fold(place.name_ru))] : names;
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
    return CLASS_ORDER[geobuffer.stateOf(place)];
  }

  Object.assign(geobuffer, { fold, foldedNames, findPlaces });
})(window.geobuffer);
