import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from './page.js';

// The same file as for tests/zones/test_coordinates.py.
const shared = JSON.parse(
  readFileSync(new URL('../../../support/coordinates.json', import.meta.url), 'utf8'));
const page = load(['data.js', 'coordinates.js']);

function read(text) {
  try {
    return page.parsePosition(text);
  } catch (error) {
    return error.name;
  }
}

/** Return the texts whose answer a test does not accept, with the answer. */
function listWrong(texts, isRight) {
  return texts.map(([text, ...wanted]) => [text, read(text), wanted])
    .filter(([, found, wanted]) => !isRight(found, wanted));
}

test('every form that Python reads is read, to the same degrees', () => {
  const isNear = (found, [lat, lon]) => (
    Math.abs(found?.[0] - lat) < 1e-11 && Math.abs(found?.[1] - lon) < 1e-11);
  assert.deepEqual(listWrong(shared.pairs, isNear), []);
  assert.ok(shared.pairs.length > 180);
});

test('what Python refuses is refused, and names are no coordinates', () => {
  assert.deepEqual(listWrong(shared.refused, (found) => found === 'RangeError'), []);
  const others = [...shared.names, ...shared.missing].map((text) => [text]);
  assert.deepEqual(listWrong(others, (found) => found === null), []);
});

test('one coordinate in a column of its own is read as by Python', () => {
  const cases = [...shared.single, ...shared.single_refused.map((one) => [...one, null])];
  const wrong = cases.filter(([text, axis, degrees]) => {
    const found = page.parseCoordinate(text, axis);
    return degrees === null ? !Number.isNaN(found) : !(Math.abs(found - degrees) < 1e-11);
  });
  assert.deepEqual(wrong, []);
});

test('long texts take no time', () => {
  const start = performance.now();
  for (const text of ['5'.repeat(10_000), '51°'.repeat(5_000), 'a?'.repeat(9_000), '1 '.repeat(64),
    `https://a.b/${'?q='.repeat(999)}`]) read(text);
  assert.ok(performance.now() - start < 500);
});
