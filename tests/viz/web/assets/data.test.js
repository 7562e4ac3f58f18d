import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load, placesOf } from './page.js';

const ROMANIZED = JSON.parse(
  readFileSync(new URL('../../../support/romanized.json', import.meta.url), 'utf8'));

test('a line is read as the format says', () => {
  const page = load(['data.js']);
  // The example of the format's own description.
  const line = page.decodeLine('_p~iF~ps|U_ulLnnqC_mqNvxq`@');
  const rounded = Array.from(line, (point) => Array.from(point, (part) => Number(part.toFixed(5))));
  assert.deepEqual(rounded, [[38.5, -120.2], [40.7, -120.95], [43.252, -126.453]]);
});

test('arcs join to rings, forwards and backwards', () => {
  // (0,0)–(0,1°)–(1°,1°) and (1°,1°)–(0,0), in [latitude, longitude].
  const page = load(['data.js'], { arcs: ['???_ibE_ibE?', '_ibE_ibE~hbE~hbE'] });
  const [ring] = page.unpackLines([[0, 1]]);
  const [back] = page.unpackLines([[-2, -1]]);
  assert.equal(ring.length, 4);
  assert.deepEqual(ring[0], ring[3]);
  assert.deepEqual(Array.from(back).reverse(), Array.from(ring));
});

test('columns come back from codes and runs', () => {
  const places = { given: true, count: 3, far: 0, columns: {
    a: ['x', 'y', 'z'],
    b: { values: ['m', 'n'], codes: [1, 0, 1] },
    c: { values: ['p', 'q'], runs: [0, 2, 1, 1] },
    lon: [1, null, 3],
    lat: [1, null, 3],
  } };
  const page = load(['data.js'], { places });
  assert.deepEqual(Array.from(page.places, (one) => one.a + one.b + one.c), ['xnp', 'ymp', 'znq']);
  assert.deepEqual(Array.from(page.places, (one) => one.located), [true, false, true]);
});

test('columns stored as one come apart', () => {
  const exactness = { names: ['radius_m', 'margin_km'], values: [[500, 1.2], [null, 1]], codes: [1, 0] };
  const page = load(['data.js'], { places: { ...placesOf([{}, {}]), exactness } });
  assert.deepEqual(Array.from(page.places, (one) => one.radius_m), [null, 500]);
  assert.deepEqual(Array.from(page.places, (one) => one.margin_km), [1, 1.2]);
});

test('names are written in Latin letters as Python writes them', () => {
  const names = ['uk', 'ru'].flatMap((language) => ROMANIZED[language].map(
    ([name, name_en]) => ({ [`name_${language}`]: name, romanized: language, wanted: name_en })));
  const page = load(['data.js'], { places: placesOf([...names, { name_en: 'Given', romanized: '' }]) });
  for (const place of page.places.slice(0, -1)) assert.equal(place.name_en, place.wanted);
  assert.equal(page.places.at(-1).name_en, 'Given');
});

test('a name is that of the language, or the first that there is', () => {
  const page = load(['data.js'], { places: placesOf([{ name_uk: 'Суми' }, { code: 'UA1' }, {}]) });
  assert.deepEqual(Array.from(page.places, (one) => page.nameOf(one, 'en')), ['Суми', 'UA1', '—']);
});

test('search finds Russian names in Latin letters, and names that begin so', () => {
  const places = placesOf([
    { name_en: 'Vovchansk', name_uk: 'Вовчанськ', name_ru: 'Волчанск', membership: 'inside' },
  ]);
  const one_place = [['Вовчанськ', 'Vovcha Town']];
  const page = load(['data.js', 'names.js', 'say.js', 'zone.js'], { places, one_place });
  assert.equal(page.findPlaces('vovcha town').exact.length, 1, 'another name of the place');
  for (const query of ['ВОВЧАНСЬК', 'волчанск', 'Volchansk', 'вовчанск']) {
    assert.equal(page.findPlaces(query).exact.length, 1, query);
  }
  assert.equal(page.findPlaces('vovch').similar.length, 1);
  assert.equal(page.findPlaces('volchok').exact.length, 0);
});

test('words fill in their values and nothing else', () => {
  const page = load(['data.js', 'say.js']);
  assert.equal(page.say('found', { count: '{shown}' }), 'Found: {shown}');
  assert.equal(page.say('constructor'), 'constructor');
});
