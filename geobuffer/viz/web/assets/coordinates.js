'use strict';
// Read coordinates as people write them, by the rules that geobuffer/zones/coordinates.py and map_links.py
// explain. We cut a text into tokens, and each token becomes one letter of a code. A text
// about coordinates that has no reading, or several, raises a RangeError.

(function (geobuffer) {
  const words = geobuffer.facts.coordinate_words;
  const SIGNS = Object.entries(words.signs).flatMap(([plain, signs]) => (
    Array.from(signs, (sign) => [sign, plain])));
  const REMOVED = new RegExp(`[${words.removed}]`, 'g');
  const listWords = (entries) => new Map(entries.flatMap(([text, value]) => (
    text.split(' ').map((word) => [word, value]))));
  const SIDES = listWords(words.sides.map(([axis, sign, text]) => [text, { axis, sign }]));
  const STEMS = listWords(words.sides.map(([axis, sign, , text]) => [text, { axis, sign }]));
  const UNITS = listWords(Object.entries(words.units).map(([unit, text]) => [text, unit]));
  const NOISE = words.noise.split(' ');
  const SECONDS = 'sсSС';
  // The digits of degrees and minutes, and of degrees, minutes and seconds, without marks.
  const COMPACT = { latitude: [4, 6], longitude: [5, 7] };
  const MOST = { one: 64, pair: 128, link: 4000 };

  const TOKEN = new RegExp('(?<number>(?:(?<![0-9])-|\\+)?(?:[0-9]+(?:\\.[0-9]*)?'
    + '|(?<![\\p{L}\\p{N}_])\\.[0-9]+)(?:[eE][+\\-][0-9]{1,2})?)|(?<unit>[°\'"])'
    + '|(?<word>[\\p{L}\\p{Nl}\\p{No}]+)|(?<mark>[,;/|~])|(?<joint>(?<=[0-9])[:\\-](?=[0-9]))'
    + '|(?<other>\\S)', 'gu');
  const COORDINATE = new RegExp('^(?<before>[HA]*)(?<numbers>[iI]°?[:-]?i\'?[:-]?[if]"?'
    + "|[iI]°?[:-]?[if]'?|[ifIF]°?)(?<after>[HA]*)$");
  const WITH_HEIGHT = /^(?:([fF],[fF]),[ifIF]|([fF][fF])[ifIF]{1,2})$/;
  const ISO_6709 = new RegExp('^([+-])([0-9]{2}|[0-9]{4}|[0-9]{6})(\\.[0-9]+)?([+-])'
    + '([0-9]{3}|[0-9]{5}|[0-9]{7})(\\.[0-9]+)?(?:[+-][0-9.]+)?(?:CRS\\w+)?/?$');
  const POINTS = [
    new RegExp('^(?:SRID\\s*=\\s*(?<srid>[0-9]+)\\s*;)?\\s*POINT\\s*(?:ZM|Z|M)?\\s*\\(\\s*'
      + '(?<x>[^\\s(),]+)\\s+(?<y>[^\\s(),]+)(?:\\s+[^\\s(),]+){0,2}\\s*\\)$', 'i'),
    new RegExp('^\\{\\s*"type"\\s*:\\s*"Point"\\s*,\\s*"coordinates"\\s*:\\s*\\[\\s*'
      + '(?<x>[^\\s,\\]]+)\\s*,\\s*(?<y>[^\\s,\\]]+)[^\\]]*\\]\\s*\\}$'),
  ];
  const SHAPE = new RegExp('^(?:SRID\\s*=\\s*[0-9]+\\s*;)?\\s*(?:MULTI)?'
    + '(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)(?![\\p{L}\\p{N}_]).*\\(', 'iu');
  const DECIMAL = /^[+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3})?$/i;
  const PLAIN = /^\s*([+-]?\d+(?:[.,]\d*)?(?:e[+-]?\d+)?)\s*°?\s*$/i;
  const ZEROS = /^0+(?:\.0*)?(?:(?: ?[,;] ?| )0+(?:\.0*)?){1,3}$/;
  const DIGITS_COMMA = /(?<=[0-9]),(?=[0-9])/g;

  const ADDRESS = new RegExp('^(https?://)?([a-z0-9-]+(?:\\.[a-z0-9-]+)+)(?::[0-9]+)?([/?#]\\S.*)$',
    'i');
  const GEO = /^geo:([^;?#]*)[^?#]*(?:\?(.*))?$/i;
  const NUMBER = '([+-]?[0-9]{1,3}(?:\\.[0-9]+)?)';
  const PIN = new RegExp(`!3d${NUMBER}!4d${NUMBER}`, 'g');
  const MIDDLES = [`/@${NUMBER},${NUMBER}`, `#(?:.*?[&?/])?(?:map=)?[0-9.]+/${NUMBER}/${NUMBER}`]
    .map((pattern) => new RegExp(pattern));
  const EASTWARD = new RegExp(`/${NUMBER},${NUMBER}(?:[/?#]|$)`);
  const NAMED = [
    ['mlat', 'mlon'], ['lat', 'lon'], ['lat', 'lng'], ['latitude', 'longitude'],
  ];
  // The parameters that hold a pair, by host; true where the longitude comes first.
  const HOSTS = [
    [/yandex\.|^ya\.ru$/, ['pt', 'whatshere[point]', 'poi[point]', 'll'], true],
    [/2gis\./, ['m', 'center'], true],
    [/(?:^|\.)(?:google|apple|bing|waze|here)\./, ['q', 'query', 'destination', 'daddr', 'coordinate',
      'address', 'll', 'cp', 'center', 'cbll', 'viewpoint', 'map', 'sll'], false],
  ];
  // Short addresses contain no coordinates: only their server can look them up.
  const SHORT = new RegExp('^(?:www\\.)?(?:goo\\.gl|maps\\.app\\.goo\\.gl|osm\\.org/go'
    + '|openstreetmap\\.org/go|clck\\.ru|bit\\.ly)|^[^/]+/maps/-/');

  function refuse(text) {
    throw new RangeError(`no coordinates: ${text}`);
  }

  function simplify(text) {
    let plain = SIGNS.reduce((old, [sign, to]) => old.replaceAll(sign, to), text.replace(REMOVED, ''));
    plain = plain.replace(/\s+/g, ' ').trim().replaceAll("''", '"');
    plain = plain.replace(/(?<![\p{L}\p{N}_])wgs[ -]?84(?![\p{L}\p{N}_]):?/giu, ' ')
      .replace(/^[ ,;@]+|[ ,;@]+$/g, '').replace(/\.$/, '');
    if (!/^['"]/.test(plain)) return plain;
    return plain.slice(1, plain.length > 1 && plain.endsWith(plain[0]) ? -1 : undefined).trim();
  }

  /** Return the degrees of texts of degrees, minutes and seconds. */
  function joinParts(parts) {
    const [degrees, minutes = 0, seconds = 0] = parts.map(Number);
    if (minutes >= 60 || seconds >= 60) refuse(parts);
    if (parts.length === 1) return degrees;
    const size = Math.round((Math.abs(degrees) + minutes / 60 + seconds / 3600) * 1e12) / 1e12;
    return parts[0].startsWith('-') ? -size : size;
  }

  /** Return the degrees of DD, DDMM or DDMMSS; the degrees have `width` digits. */
  function splitDigits(digits, width) {
    const parts = [digits.slice(0, width)];
    const { length } = digits.split('.')[0];
    for (let at = width; at < length; at += 2) {
      parts.push(digits.slice(at, at + 2 < length ? at + 2 : undefined));
    }
    return joinParts(length > width ? parts : [digits]);
  }

  function encode(kind, text) {
    if (kind === 'mark') return text === ',' ? ',' : ';';
    if (kind !== 'number') return text;
    const code = /\.[0-9]|e/i.test(text) ? 'f' : 'i';
    return /^[+-]/.test(text) ? code.toUpperCase() : code;
  }

  /** Return the axis and the sign of a word, or undefined; the name of an axis has the sign 0. */
  function nameSide(word) {
    return SIDES.get(word) ?? [...STEMS].find(([stem]) => word.startsWith(stem))?.[1];
  }

  /** Return whether a letter behind a number means seconds, and not a hemisphere. */
  function isSeconds(letter, before, rest) {
    if (!/'[if]$/.test(before.map((token) => token.code).join(''))) return false;
    const [following] = /^[\p{L}\p{Nl}\p{No}]+/u.exec(rest.replace(/^[ .]+/, '')) ?? [];
    const side = following && nameSide(following.toLowerCase());
    if (side) return side.sign !== 0;
    const minutes = before.at(-2).text;
    const isUpper = (text) => text === text.toUpperCase();
    if (/^\p{L}+$/u.test(minutes) && isUpper(minutes) === isUpper(letter)) return true;
    return minutes === "'" && isUpper(letter) ? false : refuse(letter);
  }

  /** Return the tokens of a word such as "sN" or "degE"; null for another. */
  function splitWord(text, followsNumber) {
    const [unit, side] = [text.slice(0, -1), SIDES.get(text.at(-1).toLowerCase())];
    const isSecond = unit.length === 1 && SECONDS.includes(unit);
    const code = isSecond ? '"' : UNITS.get(unit.toLowerCase());
    if (!followsNumber || !side?.sign || !code) return null;
    return [{ code, text: unit }, { code: 'H', text: text.at(-1), ...side }];
  }

  /** Return the code of a unit that a word behind a number means, or undefined. */
  function findUnit(text, word, before, rest) {
    if (SECONDS.includes(text) && text.length === 1 && isSeconds(text, before, rest)) return '"';
    if (UNITS.has(word)) return UNITS.get(word);
    return ['o', 'о'].includes(word) && /^[0-9]/.test(rest) ? '°' : undefined;
  }

  /** Return the tokens of a word, which depend on the text around it; null for an unknown word. */
  function readWord(text, before, rest) {
    const word = text.toLowerCase();
    if (NOISE.includes(word)) return [];
    const last = before.at(-1);
    const followsNumber = last !== undefined && 'ifIF'.includes(last.code);
    const unit = followsNumber ? findUnit(text, word, before, rest) : undefined;
    if (unit) return [{ code: unit, text }];
    if (['o', 'о'].includes(word) && last && 'ifIF°\'"'.includes(last.code)) refuse(text);
    const side = nameSide(word);
    if (!side) return splitWord(text, followsNumber);
    // In Ukrainian, с. д. is the eastern longitude; in Russian, с. ш. is the northern latitude.
    if (last && 'сС'.includes(last.text) && side.axis === 'longitude' && !side.sign) {
      Object.assign(last, { code: 'H', axis: 'longitude', sign: 1 });
    }
    return [{ code: side.sign ? 'H' : 'A', text, ...side }];
  }

  /** Return the tokens of a text; null if it has words that no coordinate has. */
  function splitTokens(plain) {
    const tokens = [];
    let before = '';
    for (const match of plain.matchAll(TOKEN)) {
      const [kind, text] = Object.entries(match.groups).find(([, part]) => part !== undefined);
      if (kind === 'other') {
        if (!'.=:'.includes(text) || before !== 'word') return null;
        continue;
      }
      const found = kind === 'word'
        ? readWord(text, tokens, plain.slice(match.index + text.length))
        : [{ code: encode(kind, text), text }];
      if (!found) return null;
      tokens.push(...found);
      before = kind;
    }
    return tokens;
  }

  function matchForm(tokens) {
    return COORDINATE.exec(tokens.map((token) => token.code).join(''));
  }

  /** Return the degrees and the axis of the tokens of one coordinate. */
  function readCoordinate(tokens) {
    const { before, numbers } = matchForm(tokens)?.groups ?? refuse(tokens);
    const [start, stop] = [before.length, before.length + numbers.length];
    const names = [...tokens.slice(0, start), ...tokens.slice(stop)];
    const signs = names.filter((token) => token.sign);
    const axes = [...new Set(names.map((token) => token.axis))];
    if (signs.length > 1 || axes.length > 1) refuse(tokens);
    const parts = tokens.slice(start, stop).filter((token) => 'ifIF'.includes(token.code))
      .map((token) => token.text);
    if (signs.length && /^[+-]/.test(parts[0])) refuse(tokens);
    const [axis = ''] = axes;
    // Pilots write 5107N, 510722N and 0350216E.
    const isCompact = signs.length && ['i', 'f'].includes(numbers)
      && COMPACT[axis].includes(parts[0].split('.')[0].length);
    const degrees = isCompact ? splitDigits(parts[0], COMPACT[axis][0] - 2) : joinParts(parts);
    return {
      degrees: degrees * (signs[0]?.sign ?? 1), axis,
      isMarked: parts.length === 1 || axis !== '' || /[°'":]/.test(numbers),
    };
  }

  /** Return whether a cut separates a number from its letter: see coordinates.py. */
  function isBetweenLetters(one, two) {
    const [begins, ends, follows] = [one[0], one.at(-1), two[0]].map(({ code }) => 'HA'.includes(code));
    return (follows && !begins) || (begins && ends && !follows);
  }

  /** Return the two coordinates into which tokens can be cut; null if they cannot. */
  function findPair(tokens) {
    const found = new Map();
    for (let cut = 1; cut < tokens.length; cut += 1) {
      const hasMark = ',;'.includes(tokens[cut].code);
      const [one, two] = [tokens.slice(0, cut), tokens.slice(cut + hasMark)];
      if (!matchForm(one) || !matchForm(two) || (!hasMark && isBetweenLetters(one, two))) continue;
      const pair = [readCoordinate(one), readCoordinate(two)];
      found.set(JSON.stringify(pair), pair);
    }
    if (found.size > 1) refuse('several readings');
    return [...found.values()][0] ?? null;
  }

  function resolveCommas(plain) {
    if (!plain.match(DIGITS_COMMA) || /[0-9]\.[0-9]/.test(plain)) return plain;
    if (/^[+-]?[0-9]+(?:,[+-]?[0-9]+)+$/.test(plain)) refuse(plain);
    return plain.replace(DIGITS_COMMA, '.');
  }

  /** Return the pair of a text with plain signs; null if it holds other words. */
  function parsePair(plain) {
    if (ZEROS.test(plain)) return [0, 0];
    const tokens = splitTokens(resolveCommas(plain));
    if (!tokens?.some((token) => 'ifIF'.includes(token.code))) return null;
    const codes = tokens.map((token) => token.code).join('');
    const [, ...bare] = WITH_HEIGHT.exec(codes) ?? [];
    const size = (bare[0] ?? bare[1])?.length;
    const pair = findPair(tokens) ?? (size && findPair(tokens.slice(0, size)));
    const [one, two] = pair || refuse(plain);
    if (one.axis && one.axis === two.axis) refuse(plain);
    const isEastward = one.axis === 'longitude' || two.axis === 'latitude';
    return isEastward ? [two.degrees, one.degrees] : [one.degrees, two.degrees];
  }

  const cutBefore = (text, sign) => text.split(sign)[0];
  const cutAfter = (text, sign) => (text.includes(sign) ? text.slice(text.indexOf(sign) + 1) : '');

  /** Return a text of an address without + and %XX. */
  function decode(text) {
    return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x');
  }

  /** Return the parameters of an address that hold a pair: text, and whether longitude comes first. */
  function listParameters(host, query) {
    const [, names, isEastward] = HOSTS.find(([pattern]) => pattern.test(host)) ?? [null, [], false];
    const found = names.filter((name) => query.has(name)).map((name) => {
      const pair = query.get(name).split(/[,~/]/);
      return [pair.length > 1 ? pair.slice(0, 2).join('; ') : query.get(name), isEastward];
    });
    if (isEastward && names.includes('pt') && query.has('text')) {
      found.unshift([query.get('text').replaceAll(',', ', '), false]);
    }
    return found;
  }

  /** Return the pairs of an address: pins, searches, then the middle of the map. */
  function listPairs(host, rest) {
    if (rest.includes('/maps/dir/')) refuse(rest);
    const query = new Map([cutAfter(rest, '#'), cutBefore(cutAfter(rest, '?'), '#')]
      .flatMap((text) => [...new URLSearchParams(text)]).filter(([, value]) => value));
    const plain = decode(rest);
    const pin = [...plain.matchAll(PIN)].at(-1);
    const searched = /\/(?:place|search)\/([^/?#]+)/.exec(rest);
    const geohack = /[0-9._]+_[NS]_[0-9._]+_[EW]/.exec(plain);
    const ofMatch = (match, isEastward) => (match ? [[`${match[1]}; ${match[2]}`, isEastward]] : []);
    const named = /mapy\.(?:cz|com)$/.test(host) ? [...NAMED, ['y', 'x']] : NAMED;
    return [
      ...named.filter((names) => names.every((name) => query.has(name)))
        .map((names) => [names.map((name) => query.get(name)).join('; '), false]),
      ...ofMatch(pin, false), ...listParameters(host, query),
      ...(searched ? [[decode(searched[1]).replaceAll(',', ', '), false]] : []),
      ...(geohack ? [[geohack[0].replaceAll('_', ' '), false]] : []),
      ...MIDDLES.flatMap((pattern) => ofMatch(pattern.exec(plain), false)),
      ...(host.includes('2gis.') ? ofMatch(EASTWARD.exec(plain), true) : []),
    ];
  }

  /** Return the parts of an address that may be a pair; null for a text that is no address. */
  function findLinkPairs(text) {
    const geo = GEO.exec(text);
    if (geo) {
      const label = new URLSearchParams(geo[2] ?? '').get('q') ?? '';
      const parts = geo[1].split(',');
      const isSearched = label && parts[0] === '0' && parts[1] === '0';
      return [[(isSearched ? cutBefore(label, '(').split(',') : parts).slice(0, 2).join('; '), false]];
    }
    const [, scheme, host, rest] = ADDRESS.exec(text) ?? [];
    if (!host) return null;
    const address = host.toLowerCase();
    const found = SHORT.test(address + rest) ? [] : listPairs(address, rest);
    if (!found.length && scheme) refuse(text);
    return found.length ? found : null;
  }

  function parseLink(pairs) {
    for (const [text, isEastward] of pairs) {
      try {
        const found = parsePair(simplify(text));
        if (found) return isEastward ? found.reverse() : found;
      } catch {
        continue;
      }
    }
    return refuse(pairs);
  }

  function parseShape(text) {
    const point = POINTS.map((pattern) => pattern.exec(text)).find(Boolean)?.groups;
    if (!point) return SHAPE.test(text) ? refuse(text) : null;
    const isKnown = [undefined, '4326', '4979'].includes(point.srid);
    if (!isKnown || !DECIMAL.test(point.x) || !DECIMAL.test(point.y)) refuse(text);
    return [Number(point.y), Number(point.x)];
  }

  function parseIso(text) {
    const [, south, lat, latMore = '', west, lon, lonMore = ''] = ISO_6709.exec(text) ?? [];
    if (!lat) return null;
    const read = (sign, digits, width) => splitDigits(digits, width) * (sign === '-' ? -1 : 1);
    return [read(south, lat + latMore, 2), read(west, lon + lonMore, 3)];
  }

  function parseSpecial(text) {
    const pairs = text.length <= MOST.link ? findLinkPairs(text) : null;
    if (pairs) return parseLink(pairs);
    return text.length <= MOST.pair ? parseShape(text) ?? parseIso(text) : null;
  }

  /**
   * Return latitude and longitude of a text; null for a name or an empty text.
   * Throw a RangeError if the text is about coordinates, but is not one pair or has several readings.
   */
  function parsePosition(text) {
    const found = parseSpecial(text.trim())
      ?? (text.length <= MOST.pair ? parsePair(simplify(text)) : null);
    if (found && !(Math.abs(found[0]) <= 90 && Math.abs(found[1]) <= 360)) refuse(text);
    return found;
  }

  /** Return one coordinate in degrees; NaN for an empty text, and for a text that may mean another thing. */
  function parseCoordinate(text, axis) {
    const [, number] = PLAIN.exec(text) ?? [];
    if (number) return Number(number.replace(',', '.'));
    if (text.length > MOST.one) return NaN;
    try {
      const plain = simplify(text).replace(DIGITS_COMMA, '.');
      const found = readCoordinate(splitTokens(plain) ?? []);
      return found.isMarked && ['', axis].includes(found.axis) ? found.degrees : NaN;
    } catch {
      return NaN;
    }
  }

  Object.assign(geobuffer, { parsePosition, parseCoordinate });
})(window.geobuffer);
