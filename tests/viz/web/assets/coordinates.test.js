import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from './page.js';

// The same file as for tests/zones/test_coordinates.py.
const shared = JSON.parse(
  readFileSync(new URL('../../../support/coordinates.json', import.meta.url), 'utf8'));
const page = load(['data.js', 'zone.js', 'coordinates.js']);

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

const line = { name: 'East', names: {}, start_km: 0, length_km: 100, shape: [[0]], at_sea: [] };

test('a point has its distance from the border on the ellipsoid, and its side', () => {
  // A parallel and a meridian: from (30 E, 50 N) to (31 E, 50 N), then to (31 E, 51 N).
  const facts = {
    arcs: ['_sdpH_kbvD?_ibE_ibE?'], border: { sections: [line] }, tolerance_m: { border: 10 },
    sides: [{ name: 'left', names: {}, shape: null }, { name: 'right', names: {}, shape: null }],
    zone: { is_plain: true, ends: 'round', edges_km: [0, 10], side: 'both', rings: [] },
    sources: [{ layer: 'border', accuracy_m: 89 }],
  };
  const of = load(['data.js', 'zone.js', 'coordinates.js'], facts);
  // The kilometres are those of geographiclib.
  const cases = [
    [50.05, 30.5, 5.6, 'left', 'inside'], [49.9, 30.5, 11.1, 'right', 'outside'],
    [50.5, 31.141, 10.0, 'right', 'uncertain'], [50.5, 30.95, 3.5, 'left', 'inside'],
    [49.98, 31.02, 2.6, 'right', 'inside'], [51.5, 31, 55.6, null, 'outside'],
  ];
  for (const [lat, lon, km, side, verdict] of cases) {
    const place = of.makePlace([lat, lon]);
    assert.ok(Math.abs(place.distance_km - km) < 0.06, `${lat}, ${lon}: ${place.distance_km}`);
    assert.deepEqual([side ?? place.side, verdict], [place.side, place.membership]);
    assert.ok(Math.abs(place.margin_km - 0.1) < 1e-9);
  }
});
