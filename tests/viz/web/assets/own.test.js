import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './page.js';

const page = load(['data.js', 'say.js', 'zone.js', 'coordinates.js', 'measure.js', 'own.js']);
const read = (text) => Array.from(page.parseCsv(text).rows, ({ cells }) => Array.from(cells));

test('rows and cells are read as RFC 4180 says', () => {
  assert.deepEqual(read('\ufeffname,lat\r\n"a, ""b""",1\r\n"two\nlines",2\r\n'),
    [['name', 'lat'], ['a, "b"', '1'], ['two\nlines', '2']]);
  assert.deepEqual(read('a,b\n"open,1\n5" pipe,\n,'),
    [['a', 'b'], ['"open', '1'], ['5" pipe', ''], ['', '']]);
  const { rows } = page.parseCsv('a\r1\r\r2');
  assert.deepEqual(Array.from(rows, ({ row }) => row), [1, 2, 4]);
});

test('the separator is the one that parts the first line most', () => {
  assert.deepEqual(read('name;lat;lon\nСуми, місто;50,9;34,8'),
    [['name', 'lat', 'lon'], ['Суми, місто', '50,9', '34,8']]);
  assert.deepEqual(read('a\tb\n1\t2\n\n'), [['a', 'b'], ['1', '2']]);
  assert.deepEqual(read('"a;b;c",d\n1,2')[0], ['a;b;c', 'd']);
  assert.deepEqual(read(''), []);
});

test('texts in UTF-8, UTF-16 and the code page of Cyrillic Windows are read, others refused', () => {
  const text = 'назва;широта\nСуджа;51,2';
  const wide = (order) => Array.from(text, (sign) => {
    const code = sign.charCodeAt(0);
    return order === 'le' ? [code & 255, code >> 8] : [code >> 8, code & 255];
  }).flat();
  const old = Uint8Array.from(text, (sign) => {
    const code = sign.charCodeAt(0);
    return code >= 0x410 ? code - 0x410 + 0xc0 : code;
  });
  const long = new Uint8Array(Array.from('name;lat\n'.repeat(9), (s) => [s.charCodeAt(0), 0]).flat());
  for (const bytes of [new TextEncoder().encode(text), old,
    Uint8Array.from([0xff, 0xfe, ...wide('le')]), Uint8Array.from([0xfe, 0xff, ...wide('be')])]) {
    assert.equal(page.decodeText(bytes), text);
  }
  assert.equal(page.decodeText(long).slice(0, 8), 'name;lat');
  // Kraków in the code page of Central Europe.
  assert.equal(page.decodeText(Uint8Array.from([75, 114, 97, 107, 243, 119])), null);
});

test('coordinates are found by headings, or in one column of whole positions', () => {
  const find = (text) => {
    const { rows: [header, ...rows] } = page.parseCsv(text);
    const found = page.findCoordinates(header.cells, rows);
    return found && Array.from(found(rows[0].cells) ?? []);
  };
  const cases = [
    'name,Latitude (WGS84),Longitude (WGS84)\na,51.5,34.25', 'townLon;townLat\n34,25;51,5',
    'Назва\tШирота, °\tДовгота, °\na\t51°30\'N\t34,25', 'ДОЛГОТА;ШИРОТА\n34.25;51.5', 'x,y\n34.25,51.5',
    'people,Координати\n12 345,"51.5, 34.25"', 'people;where\n12 345;51°30\'N 34°15\'E',
    'id,geom\n1,POINT (34.25 51.5)', 'x;y;where\n300000;5700000;51.5 N, 34.25 E',
  ];
  for (const text of cases) assert.deepEqual(find(text), [51.5, 34.25], text);
  for (const text of ['flat,people\n51.5,12 345', 'a\n51 35 20', 'name\nСуджа']) {
    assert.equal(find(text), null, text);
  }
});
