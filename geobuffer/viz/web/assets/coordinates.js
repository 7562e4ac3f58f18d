'use strict';
// Coordinates in the search box: the usual forms that geobuffer/zones/coordinates.py reads.

(function (geobuffer) {
  const SIGNS = [
    [/[\u00ad\u061c\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u206f]/g, ''], [/[º˚∘⁰*]/g, '°'],
    [/[′’‘‛ʹʼʻ´`＇]/g, "'"], [/[″”“„‟ʺ˝＂]/g, '"'], [/''/g, '"'], [/[−–‐‑﹣－]/g, '-'],
    [/[，、]/g, ','], [/；/g, ';'], [/：/g, ':'], [/[()[\]{}<>]/g, ' '],
  ];
  const HEMISPHERES = [
    [/(?:пн|с)\.? ?ш\.?/g, 'n'], [/(?:пд|ю)\.? ?ш\.?/g, 's'], [/(?:сх|в)\.? ?д\.?/g, 'e'],
    [/(?:зх|з)\.? ?д\.?/g, 'w'],
  ];
  const NUMBER = '[+-]?\\d{1,3}(?:\\.\\d+)?';
  const PAIR = `(${NUMBER}),\\s*(${NUMBER})`;
  // Addresses of pages with a map: pins and searches come before the middle of the map.
  const ADDRESSES = [
    `^geo:(?!0,0\\?)${PAIR}`, `!3d(${NUMBER})!4d(${NUMBER})(?!.*!3d)`,
    `[?&#]m?lat(?:itude)?=(${NUMBER})&m?(?:lon|lng|longitude)=(${NUMBER})`,
    '(?:google|apple|waze|bing|here)\\.[^?]*\\?(?:.*&)?'
      + `(?:q|query|ll|cp|center|destination|daddr|map)=(?:loc:)?${PAIR}`,
    `yandex\\..*[?&]text=${PAIR}`,
    `/@${PAIR}`, `#(?:map=)?[\\d.]+/(${NUMBER})/(${NUMBER})`,
  ].map((pattern) => new RegExp(pattern));
  const EASTWARD = ['pt|whatshere\\[point\\]', 'll'].map((name) =>
    new RegExp(`yandex\\..*[?&](?:${name})=${PAIR}`));
  const POINT = new RegExp(`^(?:SRID=4326; ?)?POINT ?\\((${NUMBER}) (${NUMBER})\\)$`, 'i');
  const MORE = '(\\d{1,2}(?:\\.\\d+)?)';
  const WHOLE = new RegExp('^([+-]?)(\\d{1,3}(?:\\.\\d+)?) ?(?:deg|[°d:-])? ?'
    + `(?:${MORE} ?[':-]? ?(?:${MORE} ?"?)?)?$`);
  const AXIS = { n: [0, 1], s: [0, -1], e: [1, 1], w: [1, -1] };

  /** Return degrees, minutes and seconds as degrees; null for another text. */
  function readDegrees(text) {
    const [, minus, ...parts] = WHOLE.exec(text.trim()) ?? [];
    const given = parts.filter((part) => part !== undefined);
    const cut = given.slice(0, -1).some((part) => part.includes('.'));
    if (!given.length || cut || given.slice(1).some((part) => part >= 60)) return null;
    const degrees = given.reduce((sum, part, i) => sum + part / 60 ** i, 0);
    return minus === '-' ? -degrees : degrees;
  }

  /** Return the pair of a text with a letter for each hemisphere; null for another text. */
  function readLetters(text) {
    const [one, two, ...more] = text.matchAll(/(?<![a-z\u0400-\u04ff])[nsew](?![a-z\u0400-\u04ff])/g);
    if (!two || more.length) return null;
    const isBefore = one.index === 0;
    const cut = isBefore ? two.index : one.index + 1;
    if (!isBefore && two.index !== text.length - 1) return null;
    const found = [];
    [[one[0], text.slice(0, cut)], [two[0], text.slice(cut)]].forEach(([letter, part]) => {
      const [axis, sign] = AXIS[letter];
      const edges = isBefore ? /^[\s,;/|]*[a-z]|[\s,;/|]+$/g : /^[\s,;/|]+|[a-z]$/g;
      const degrees = readDegrees(part.replace(edges, ''));
      if (degrees !== null && degrees >= 0) found[axis] = sign * degrees;
    });
    return found;
  }

  /** Return the pair of a text without letters: the latitude comes first. */
  function readNumbers(text) {
    const isMarked = text.includes('°');
    const parts = text.split(isMarked
      ? /(?:\s*[,;/|]\s*|(?<=[°'"])\s+(?=[+-]?\d+ ?°))/ : /\s*[,;/|]\s*|\s+/);
    // A height may follow, and how exact it is.
    const most = isMarked ? 2 : /[,;/|]/.test(text) ? 3 : 4;
    const hasHeight = parts.length > 2 && parts.slice(0, 2).every((part) => part.includes('.'));
    if (parts.length < 2 || parts.length > most || (parts.length > 2 && !hasHeight)) return null;
    const areNumbers = isMarked || parts.every((part) => /^[+-]?\d+(?:\.\d*)?$/.test(part));
    return areNumbers ? parts.map(readDegrees) : null;
  }

  function readAddress(text) {
    const plain = decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    if (!/^(?:geo:|https?:\/\/)/i.test(plain) || plain.includes('/maps/dir/')) return null;
    const searched = /\/(?:place|search)\/([^/?#]+)/.exec(plain)?.[1].replace(/\+/g, ' ');
    const named = searched && !plain.includes('!3d') ? parsePosition(searched) : null;
    if (named) return named;
    const match = (patterns) => patterns.map((one) => one.exec(plain)).find(Boolean)?.slice(1, 3);
    const eastward = match(EASTWARD.slice(0, 1)) ?? (match(ADDRESSES) ? null : match(EASTWARD));
    return (eastward?.reverse() ?? match(ADDRESSES))?.map(Number);
  }

  /** Return latitude and longitude of a text, or null if it is a name or has several readings. */
  function parsePosition(text) {
    let plain = SIGNS.reduce((old, [from, to]) => old.replace(from, to), text).toLowerCase();
    plain = plain.replace(/\s+/g, ' ').trim();
    const commas = /\d\.\d/.test(plain) ? [] : plain.match(/\d,(?=\d)/g) ?? [];
    const isUnclear = commas.length && /^[+-]?\d+(?:,[+-]?\d+)+$/.test(plain);
    let found = readAddress(text.trim()) ?? POINT.exec(text.trim())?.slice(1).reverse().map(Number);
    // "22s" may be seconds, or south.
    if (!found && !isUnclear && /\d/.test(plain) && !/'\s*[\d.]+s/.test(plain)) {
      if (commas.length) plain = plain.replace(/(\d),(?=\d)/g, '$1.');
      plain = plain.replace(/^(?:gps|wgs.?84|latlng|координати|координаты):? /, '')
        .replace(/^(["'])(.*)\1$/, '$2').replace(/^'|[.,; ]+$/g, '')
        .replace(/^lat(?:itude)?[ :=]+(.*\d)[ ,;]+(?:lon|lng|longitude)[ :=]+/, '$1, ');
      plain = HEMISPHERES.reduce((old, [from, to]) => old.replace(from, to), plain);
      plain = plain.replace(/(?<=\d)(?=[nsew])|(?<=[nsew])(?=\d)/g, ' ');
      found = readLetters(plain) ?? readNumbers(plain);
    }
    const [lat, lon] = found ?? [];
    return Number.isFinite(lat) && Number.isFinite(lon) && Math.abs(lat) <= 90 && Math.abs(lon) <= 360
      ? [lat, lon] : null;
  }

  Object.assign(geobuffer, { parsePosition });
})(window.geobuffer);
