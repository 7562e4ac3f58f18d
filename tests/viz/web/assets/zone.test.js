import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, placesOf } from './page.js';

const near = { lon: 30, lat: 50, margin_km: 0.5, unlisted: 0, wrong_country: 0, side: 'West' };

function classesAt(km, side, rows, extra = {}) {
  const page = load(['data.js', 'zone.js'], { places: { ...placesOf(rows), ...extra } });
  // The page's lists have another Array class, so deepEqual needs a list of our own.
  return Array.from(page.places, (place) => page.classAt(place, km, side));
}

test('a class is a comparison of distance, margin and side', () => {
  const rows = [9.4, 9.5, 9.6, 10, 10.4, 10.5, 10.6].map((away) => ({ ...near, distance_km: away }));
  assert.deepEqual(classesAt(10, 'West', rows), [
    'inside', 'inside', 'uncertain', 'uncertain', 'uncertain', 'outside', 'outside',
  ]);
  assert.deepEqual(classesAt(10, 'East', rows), Array(7).fill('outside'));
  assert.deepEqual(classesAt(10, 'both', rows), classesAt(10, 'West', rows));
});

test('the border is an edge of a one-sided zone for places that no country lists', () => {
  const rows = [{ ...near, distance_km: 0.4, unlisted: 1 }, { ...near, distance_km: 0.4 }];
  assert.deepEqual(classesAt(10, 'West', rows), ['uncertain', 'inside']);
  assert.deepEqual(classesAt(10, 'East', rows), ['uncertain', 'outside']);
  assert.deepEqual(classesAt(10, 'both', rows), ['inside', 'inside']);
});

test('a place that another country lists is uncertain as far as its margin goes', () => {
  const rows = [3, 10.4, 12].map((away) => ({ ...near, distance_km: away, wrong_country: 1 }));
  for (const side of ['West', 'East', 'both']) {
    assert.deepEqual(classesAt(10, side, rows), ['uncertain', 'uncertain', 'outside']);
  }
});

test('what flat ends decide overrules the comparison, at its width and side only', () => {
  const rows = [{ ...near, distance_km: 3 }];
  const exceptions = [{ km: 10, side: 'West', rows: [0], classes: ['outside'] }];
  assert.deepEqual(classesAt(10, 'West', rows, { exceptions }), ['outside']);
  assert.deepEqual(classesAt(5, 'West', rows, { exceptions }), ['inside']);
});

test('an outline is judged by its least and its greatest distance', () => {
  const outline = { ...near, margin_km: 0.1 };
  const rows = [[3, 9.85], [3, 9.95], [9.95, 12], [10.15, 12], [0.05, 4], [0, 12]]
    .map(([least, farthest]) => ({ ...outline, distance_km: least, farthest_km: farthest }));
  assert.deepEqual(classesAt(10, 'both', rows), [
    'inside', 'uncertain', 'uncertain', 'outside', 'inside', 'uncertain',
  ]);
  // An outline that meets the border has a part on either side.
  assert.deepEqual(classesAt(10, 'West', rows), [
    'inside', 'uncertain', 'uncertain', 'outside', 'uncertain', 'uncertain',
  ]);
  assert.deepEqual(classesAt(10, 'East', rows), [
    'outside', 'outside', 'outside', 'outside', 'uncertain', 'uncertain',
  ]);
});

test('places without a point count with the zone that holds others of their hromada', () => {
  const hromada = { oblast: 'A', raion: 'B', hromada: 'C' };
  const page = load(['data.js', 'zone.js'], { places: placesOf([
    { ...near, distance_km: 3, ...hromada },
    { ...hromada },
    { ...hromada, hromada: 'D' },
  ]) });
  assert.deepEqual({ ...page.countByClass() }, { inside: 1, uncertain: 0, outside: 0, unlocated: 1 });
});

test('two hromadas of one name differ by their codes', () => {
  const named = { oblast: 'A', raion: 'B', hromada: 'C' };
  const page = load(['data.js', 'zone.js'], { places: placesOf([
    { ...near, distance_km: 3, ...named, hromada_code: 'UA59080130000022249' },
    { ...named, hromada_code: 'UA59080130000022249' },
    { ...named, code: 'UA59080130010012345' },
    { ...named, hromada_code: 'UA59080150000013842' },
  ]) });
  assert.equal(page.countByClass().unlocated, 2);
});

test('people are a sum of what is known', () => {
  const page = load(['data.js', 'zone.js'], { places: placesOf([
    { ...near, distance_km: 3, population: 7 }, { ...near, distance_km: 4 },
  ]) });
  const counted = page.countPeople(page.placesOfClass('inside'));
  assert.deepEqual({ ...counted }, { total: 7, known: 1, unknown: 1 });
});

test('rings add up to the zone', () => {
  const page = load(['data.js', 'zone.js']);
  page.view.km = 15;
  page.view.side = 'both';
  assert.deepEqual([...page.rings()].map((ring) => ring.area), [300]);
  page.view.rings = true;
  assert.equal(page.rings().reduce((sum, ring) => sum + ring.area, 0), 300);
});

test('a zone around areas holds them, however deep a place lies in them', () => {
  const rows = [
    { ...near, distance_km: 40 }, { ...near, distance_km: 0.2 },
    ...[4, 9.7, 12].map((away) => ({ ...near, side: 'East', distance_km: away })),
    { ...near, distance_km: 3, margin_km: 14 }, { ...near, distance_km: 40, wrong_country: 1 },
  ];
  const zone = {
    is_plain: true, edges_km: [0, 5, 10], side: 'around',
    rings: [{ area_km2: 60, shape: [] }, { area_km2: 40, shape: [] }],
  };
  const page = load(['data.js', 'zone.js'], { zone, places: placesOf(rows) });
  assert.deepEqual(Array.from(page.places, (place) => place.membership), [
    'inside', 'inside', 'inside', 'uncertain', 'outside', 'uncertain', 'uncertain',
  ]);
  assert.deepEqual(Array.from(page.places, page.distanceOf), [0, 0, 4, 9.7, 12, 0, 0]);
  assert.deepEqual(Array.from(page.places, page.ringOf), [0, 0, 0, 1, -1, 0, 0]);
  page.view.side = 'East';
  page.classifyPlaces();
  assert.deepEqual(Array.from(page.places, (place) => place.membership).slice(0, 3), [
    'outside', 'outside', 'inside',
  ]);
});
