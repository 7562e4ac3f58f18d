import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from './page.js';

// The same file as for tests/zones/test_coordinates.py.
const shared = JSON.parse(
  readFileSync(new URL('../../../support/coordinates.json', import.meta.url), 'utf8'));
const page = load(['data.js', 'coordinates.js']);

// The page is small: it leaves forms to `geobuffer where` that few people write.
test('usual coordinates are those of Python', () => {
  const read = shared.pairs.filter(([text]) => page.parsePosition(text));
  for (const [text, lat, lon] of read) {
    const found = page.parsePosition(text);
    assert.ok(Math.hypot(found[0] - lat, found[1] - lon) < 1e-6, `${text}: ${found}`);
  }
  assert.ok(read.length >= 138, `only ${read.length} of ${shared.pairs.length}`);
});

test('what Python refuses, and names, are no coordinates', () => {
  const others = [...shared.refused.map(([text]) => text), ...shared.names, ...shared.missing];
  for (const text of others) assert.equal(page.parsePosition(text), null, text);
});
