import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, placesOf } from './page.js';

// A parallel and a meridian: from (30 E, 50 N) to (31 E, 50 N), then to (31 E, 51 N).
const line = {
  name: 'East', names: {}, start_km: 5, length_km: 182.934, chainages_km: [0, 182.934], shape: [[0]],
  at_sea: [],
};
const facts = {
  arcs: ['_sdpH_kbvD?_ibE_ibE?'], border: { sections: [line] }, tolerance_m: { border: 10 },
  sides: [{ name: 'left', names: {}, shape: null }, { name: 'right', names: {}, shape: null }],
  zone: { is_plain: true, ends: 'round', edges_km: [0, 10], side: 'both', rings: [] },
  sources: [{ layer: 'border', accuracy_m: 89 }],
};

test('a point has its distance from the border on the ellipsoid, its side and its kilometre', () => {
  const of = load(['data.js', 'zone.js', 'measure.js'], facts);
  // The kilometres are those that Python answers.
  const cases = [
    [50.05, 30.5, 5.5615, 'left', 'inside', 35.848], [49.9, 30.5, 11.1228, 'right', 'outside', 35.848],
    [50.5, 31.141, 10.0039, 'right', 'uncertain', 127.322],
    [50.5, 30.95, 3.5475, 'left', 'inside', 127.314], [51.5, 31, 55.6265, null, 'outside', 182.934],
    [-33.9, 18.4, 9363.693, null, 'outside', 0], [65, -150, 7140.219, null, 'outside', 182.934],
  ];
  for (const [lat, lon, km, side, verdict, along] of cases) {
    const place = of.makePlace([lat, lon]);
    const error = Math.abs(place.distance_km - km);
    assert.ok(error < 1e-4 + 1e-5 * km, `${lat}, ${lon}: ${place.distance_km}`);
    assert.deepEqual([side ?? place.side, verdict], [place.side, place.membership]);
    assert.ok(Math.abs(place.chainage_km - 5 - along) < 1e-2, `${lat}, ${lon}: ${place.chainage_km}`);
    assert.ok(Math.abs(place.margin_km - 0.1 - 1e-5 * km) < 1e-6);
  }
});

test('the nearest place has its distance and its direction', () => {
  const places = placesOf([
    { name: 'west', lon: 30, lat: 50 }, { name: 'north', lon: 31, lat: 51.5 }, { name: 'lost' },
  ]);
  const of = load(['data.js', 'zone.js', 'measure.js'], { ...facts, places });
  const { place, km, eighth } = of.findNearestPlace({ lat: 50, lon: 30.1 });
  assert.deepEqual([place.name, Math.round(km * 100) / 100, eighth], ['west', 7.17, 6]);
  assert.equal(of.findNearestPlace({ lat: 52.5, lon: 31.001 }).eighth, 4);
  const bare = load(['data.js', 'zone.js', 'measure.js'], facts);
  assert.equal(bare.findNearestPlace({ lat: 50, lon: 30 }), null);
});

test('the way to the border is the shortest, over the antimeridian too', () => {
  const of = load(['data.js', 'zone.js', 'measure.js'], facts);
  const way = of.traceGeodesic([60, 170], [60, 190]);
  const middle = way[Math.floor(way.length / 2)];
  // The great circle between two points of a parallel runs north of it.
  assert.ok(middle[0] > 60.3 && middle[0] < 60.5 && Math.abs(middle[1] - 180) < 1, `${middle}`);
});
