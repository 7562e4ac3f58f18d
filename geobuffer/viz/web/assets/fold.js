'use strict';
// Search by name in any spelling. Names are folded as in geobuffer/zones/toponyms.py.

(function (geobuffer) {
  const ALIKE = {
    'ё': 'е', 'є': 'е', 'э': 'е', 'і': 'и', 'ї': 'и', 'й': 'и', 'ы': 'и', 'ґ': 'г',
    'ь': '', 'ъ': '', "'": '', '’': '', 'ʼ': '', '‘': '', '`': '', 'ʹ': '',
    '-': ' ', '–': ' ', '—': ' ',
  };

  // Letters that look the same in both scripts, and are often typed on the wrong keyboard.
  const LOOKS_LATIN = 'abcehikmoptxy';
  const LOOKS_CYRILLIC = 'авсеникмортху';
  const MIXED = /[a-z][\p{L}\p{N}_]*[а-я]|[а-я][\p{L}\p{N}_]*[a-z]/u;
  const SURELY_CYRILLIC = new RegExp(`(?![${LOOKS_CYRILLIC}a-z])\\p{L}`, 'u');
  const SURELY_LATIN = new RegExp(`(?![${LOOKS_LATIN}а-я])\\p{L}`, 'u');

  function unifyScript(word) {
    if (!MIXED.test(word)) return word;
    const [cyrillic, latin] = [SURELY_CYRILLIC.test(word), SURELY_LATIN.test(word)];
    if (cyrillic && latin) return word;
    const [from, to] = latin ? [LOOKS_CYRILLIC, LOOKS_LATIN] : [LOOKS_LATIN, LOOKS_CYRILLIC];
    return Array.from(word, (sign) => to[from.indexOf(sign)] ?? sign).join('');
  }

  /** Return a name without case, accents, apostrophes, and with one letter for similar ones. */
  function fold(name) {
    const lower = name.normalize('NFC').toLowerCase().replace(/ß/g, 'ss');
    const plain = Array.from(lower, (sign) => ALIKE[sign] ?? sign).join('');
    const words = plain.normalize('NFD').replace(/\p{M}/gu, '').split(/\s+/u).filter(Boolean);
    return words.map(unifyScript).join(' ');
  }

  const NAMES = ['name_en', 'name_uk', 'name_ru', 'name'];

  // Russian letters in the usual Latin spelling: a reader may know only the name Volchansk.
  const LATIN = {
    а: 'a', б: 'b', в: 'v', г: 'g', д: 'd', е: 'e', ж: 'zh', з: 'z', и: 'i', к: 'k', л: 'l', м: 'm',
    н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh', ц: 'ts', ч: 'ch',
    ш: 'sh', щ: 'shch', ю: 'yu', я: 'ya',
  };

  function transliterate(folded) {
    return Array.from(folded, (sign) => LATIN[sign] ?? sign).join('');
  }

  function foldedNames(place) {
    const names = NAMES.filter((column) => place[column]).map((column) => fold(place[column]));
    return place.name_ru ? [...names, transliterate(fold(place.name_ru))] : names;
  }

  /** Return how well names match a query: 0 whole name, 1 its beginning, 2 that of a word, 3 a part. */
  function rankNames(names, query) {
    if (names.some((name) => name === query)) return 0;
    if (names.some((name) => name.startsWith(query))) return 1;
    if (names.some((name) => name.includes(' ' + query))) return 2;
    return names.some((name) => name.includes(query)) ? 3 : Infinity;
  }

  const CLASS_ORDER = { inside: 0, uncertain: 1, outside: 2, unlocated: 3 };
  let index = null;
  let known = null;

  /** Return a folded query, and the other names of a place of that name. */
  function queriesOf(text) {
    const query = fold(text);
    if (!query) return [];
    known ??= geobuffer.facts.one_place.map((names) => names.map(fold));
    return [query, ...known.filter((names) => names.includes(query)).flat()];
  }

  /** Return all places that match a query, the best first; places that share a name stay separate. */
  function findPlaces(text) {
    const queries = queriesOf(text);
    index ??= geobuffer.places.map((place) => ({ place, names: foldedNames(place) }));
    return index
      .map(({ place, names }) => ({
        place, rank: Math.min(...queries.map((query) => rankNames(names, query))),
      }))
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
