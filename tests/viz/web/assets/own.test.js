import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './page.js';

const page = load(['data.js', 'say.js', 'zone.js', 'coordinates.js', 'measure.js', 'own.js']);
const read = (text) => Array.from(page.parseCsv(text), (row) => Array.from(row));

test('rows and cells are read as RFC 4180 says', () => {
  assert.deepEqual(read('\ufeffname,lat\r\n"a, ""b""",1\r\n"two\nlines",2\r\n'),
    [['name', 'lat'], ['a, "b"', '1'], ['two\nlines', '2']]);
});

test('the separator is the one that parts the first line most', () => {
  assert.deepEqual(read('name;lat;lon\nСуми, місто;50,9;34,8'),
    [['name', 'lat', 'lon'], ['Суми, місто', '50,9', '34,8']]);
  assert.deepEqual(read('a\tb\n1\t2\n\n'), [['a', 'b'], ['1', '2']]);
  assert.deepEqual(read(''), []);
});
