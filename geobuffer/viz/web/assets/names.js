'use strict';
// Search by name in any spelling, by the same rules and with the same answers as
// geobuffer/datasets/name_search.py.

(function (geobuffer) {
  const NAMES = ['name', 'name_en', 'name_uk', 'name_ru'];
  const CODE = /^(?:UA\d{4,17}|\d{8,11})$/;
  const COARSE_LETTERS = 5;
  const SIMILAR_LETTERS = 4;
  const BEGUN_LETTERS = 2;
  const rules = geobuffer.facts.name_rules;
  const signs = {
    ...Object.fromEntries(Array.from(rules.removed, (sign) => [sign, ''])),
    ...Object.fromEntries(Array.from(rules.spaces, (sign) => [sign, ' '])),
    ...rules.letters,
  };
  const [LATIN, CYRILLIC] = rules.look_alike;
  const ANY_LATIN = /[a-z]/;
  const ANY_CYRILLIC = /[\u0400-\u04ff]/;
  const SURELY_LATIN = new RegExp(`(?![${LATIN}])[a-z\u00df-\u024f]`);
  const SURELY_CYRILLIC = new RegExp(`(?![${CYRILLIC}])[\u0400-\u04ff]`);
  const BEFORE = new RegExp(`^(?:${rules.kinds_before.join('|')})(?:\\.\\s*|\\s+)(?=\\S)`);
  const AFTER = new RegExp(`(?:\\s+(?:${rules.kinds_after.join('|')})`
    + `|\\s*[,(]\\s*(?:${rules.kinds_apart.join('|')})\\.?\\)?)$`);

  function isMixed(text) {
    return ANY_LATIN.test(text) && ANY_CYRILLIC.test(text);
  }

  function chooseScript(word) {
    if (!isMixed(word)) return word;
    const [latin, cyrillic] = [SURELY_LATIN.test(word), SURELY_CYRILLIC.test(word)];
    if (latin && cyrillic) return word;
    const [from, to] = latin ? [CYRILLIC, LATIN] : [LATIN, CYRILLIC];
    return Array.from(word, (sign) => to[from.indexOf(sign)] ?? sign).join('');
  }

  function spellSounds(name) {
    let low = name.normalize('NFC').toLowerCase();
    if (isMixed(low)) low = low.replace(/[\p{L}\p{N}]+/gu, chooseScript);
    low = Array.from(low, (sign) => signs[sign] ?? sign).join('');
    return low.normalize('NFD').replace(/\p{M}/gu, '').split(/\s+/u).filter(Boolean).join(' ');
  }

  function replacePairs(words, pairs) {
    const start = words.map((word) => ` ${word} \n`).join('');
    const text = pairs.reduce((old, [from, to]) => old.replaceAll(from, to), start);
    return text.split('\n').slice(0, -1).map((key) => key.trim());
  }

  /** Return the key of each name: names that differ only in their spelling have one key. */
  function makeKeys(names) {
    return replacePairs(names.map(spellSounds), [...rules.pairs, ...rules.endings]);
  }

  /** Return a name in small letters without the words for its kind before and after it. */
  function stripKind(name) {
    const low = name.toLowerCase().trim();
    return low.replace(BEFORE, '').replace(AFTER, '') || low;
  }

  /** Return the names of a place, with former and foreign names, which only a search uses. */
  function namesOf(place) {
    const names = NAMES.map((column) => place[column]).filter(Boolean);
    return place.other_names ? [...names, ...place.other_names.split('|')] : names;
  }

  /** Return the places by the keys of whole names, and by those of names without words for kinds. */
  function indexPlaces(textsOf) {
    const placesOf = new Map();
    for (const place of geobuffer.places) {
      for (const text of textsOf(place)) placesOf.set(text, [...(placesOf.get(text) ?? []), place]);
    }
    const texts = [...placesOf.keys()];
    const bare = texts.filter((text) => stripKind(text) !== text.toLowerCase());
    return [[texts, texts], [bare, bare.map(stripKind)]].map(([given, shown]) => {
      const found = new Map();
      makeKeys(shown).forEach((key, i) => {
        if (key) found.set(key, [...(found.get(key) ?? []), ...placesOf.get(given[i])]);
      });
      return found;
    });
  }

  /** Return a function that computes its value at its first call. */
  function once(compute) {
    let value = null;
    return () => (value ??= compute());
  }

  const index = once(() => indexPlaces(namesOf));
  const hromadas = once(() => {
    const [whole, bare] = indexPlaces((place) => (place.hromada ? [place.hromada] : []));
    return new Map([...bare, ...whole]);
  });
  const coarse = once(() => {
    const found = new Map();
    const keys = [...index()[0].keys()];
    replacePairs(keys, rules.coarse).forEach((short, i) => {
      found.set(short, [...(found.get(short) ?? []), ...index()[0].get(keys[i])]);
    });
    return found;
  });
  const towns = once(() => {
    const groups = geobuffer.facts.one_place.map(makeKeys);
    return new Map(groups.flatMap((group) => group.map((key) => [key, group])));
  });

  function answer(ranked, isExact = true) {
    return { ranked: new Map(ranked), isExact };
  }

  function findHromada(key) {
    const stem = key.replace(/ska$/, '');
    const own = new Set([...index()[0]].filter(([name]) => name.startsWith(stem))
      .flatMap(([, places]) => places));
    return answer(hromadas().get(key).map((place) => [place, own.has(place) ? 0 : 1]));
  }

  /** Return the places of a name, a hromada or an official code, each with its rank. */
  function findNamed(text) {
    const code = text.replace(/\s/g, '').toUpperCase();
    if (CODE.test(code)) {
      const has = (place) => [place.code, place.hromada_code].some((one) => one?.startsWith(code));
      return answer(geobuffer.places.filter(has).map((place) => [place, 0]));
    }
    const [full, bare] = makeKeys([text, stripKind(text)]);
    for (const key of [full, bare]) {
      const wanted = towns().get(key) ?? [key];
      const [own, also] = index().map((keys) => wanted.flatMap((one) => keys.get(one) ?? []));
      const ranked = [...also.map((place) => [place, 1]), ...own.map((place) => [place, 0])];
      if (ranked.length) return answer(ranked);
    }
    if (hromadas().has(bare)) return findHromada(bare);
    const [short] = replacePairs([bare], rules.coarse);
    const isKnown = towns().has(full) || short.length < COARSE_LETTERS;
    const alike = isKnown ? [] : coarse().get(short) ?? [];
    return answer(alike.map((place) => [place, 0]), false);
  }

  /** Return the Levenshtein distance of two keys, or some number above `most`. */
  function countEdits(one, other, most) {
    if (Math.abs(one.length - other.length) > most) return most + 1;
    let row = Array.from({ length: other.length + 1 }, (_, i) => i);
    for (let i = 1; i <= one.length; i += 1) {
      const next = [i];
      for (let j = 1; j <= other.length; j += 1) {
        const changed = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
        next.push(Math.min(row[j] + 1, next[j - 1] + 1, changed));
      }
      row = next;
    }
    return row[other.length];
  }

  /**
   * Return how a key is similar to a wanted one, and how many letters differ: 0 if a word of the key
   * begins with it, 1 if few letters differ, 2 if the key contains it. Return null for other keys.
   */
  function rankSimilar(key, wanted) {
    const more = key.length - wanted.length;
    if (` ${key}`.includes(` ${wanted}`)) return [0, more];
    if (wanted.length < SIMILAR_LETTERS) return null;
    const most = Math.floor(wanted.length / 4);
    const edits = countEdits(key, wanted, most);
    if (edits <= most) return [1, edits];
    return key.includes(wanted) ? [2, more] : null;
  }

  /** Return the places with names similar to a name, as `rankSimilar` defines it, up to a worst rank. */
  function suggestPlaces(text, worst) {
    const [key] = makeKeys([stripKind(text)]);
    if (key.length < BEGUN_LETTERS || towns().has(key)) return [];
    const near = [...index()[0]].map(([one, places]) => [rankSimilar(one, key), one, places])
      .filter(([rank]) => rank && rank[0] <= worst);
    near.sort(([a, one], [b, other]) => a[0] - b[0] || a[1] - b[1] || (one < other ? -1 : 1));
    return near.flatMap(([, , places]) => places);
  }

  const CLASS_ORDER = { inside: 0, uncertain: 1, outside: 2, unlocated: 3 };

  function classOrder(place) {
    return CLASS_ORDER[geobuffer.stateOf(place)];
  }

  /** Return the places of a name, the nearest first, and places with similar names. */
  function findPlaces(text) {
    const { ranked, isExact } = findNamed(text);
    const places = [...ranked.keys()].sort((a, b) => ranked.get(a) - ranked.get(b)
      || classOrder(a) - classOrder(b) || (a.distance_km ?? Infinity) - (b.distance_km ?? Infinity));
    const exact = isExact ? places : [];
    // If places have exactly this name, we suggest only longer names that contain it.
    const worst = exact.length ? 0 : 2;
    const similar = new Set([...(isExact ? [] : places), ...suggestPlaces(text, worst)]);
    for (const place of exact) similar.delete(place);
    return { exact, similar: [...similar] };
  }

  Object.assign(geobuffer, { makeKeys, namesOf, findNamed, findPlaces });
})(window.geobuffer);
