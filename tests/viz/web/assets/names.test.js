import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load, placesOf } from './page.js';

// The same file as for tests/datasets/test_name_search.py.
const shared = JSON.parse(
  readFileSync(new URL('../../../datasets/names/answers.json', import.meta.url), 'utf8'));
const scripts = ['data.js', 'names.js', 'say.js', 'zone.js'];

function idsOf(places) {
  return Array.from(places, (place) => place.id);
}

test('names have the same keys as in Python', () => {
  const page = load(scripts);
  assert.deepEqual(Array.from(page.makeKeys(Object.keys(shared.keys))), Object.values(shared.keys));
});

test('names find the same places as in Python, in the same order', () => {
  const one_place = shared.towns;
  const page = load(scripts, { places: placesOf(shared.places), one_place });
  for (const [name, answer] of Object.entries(shared.answers)) {
    const { ranked, isExact } = page.findNamed(name);
    const ids = idsOf([...ranked.keys()].sort((a, b) => ranked.get(a) - ranked.get(b)
      || a.distance_km - b.distance_km || a.row - b.row));
    assert.deepEqual([isExact, ids], [answer.exact, answer.ids], name);
    const { exact, similar } = page.findPlaces(name);
    if (exact.length) continue;
    const listed = new Set(idsOf(similar).concat(ids));
    const texts = shared.places.filter((place) => listed.has(place.id))
      .flatMap((place) => Object.values(place).join('|').split('|'));
    for (const near of answer.similar) assert.ok(texts.includes(near), `${name}: ${near}`);
  }
});

test('beside an exact answer only longer names are listed', () => {
  const places = placesOf([
    { name_en: 'Loknia' }, { name_en: 'Mala Loknia' }, { name_en: 'Lokna' }, { name_en: 'Bokna' },
  ]);
  const { exact, similar } = load(scripts, { places }).findPlaces('Loknya');
  assert.deepEqual(Array.from(exact, (one) => one.name_en), ['Loknia', 'Lokna']);
  assert.deepEqual(Array.from(similar, (one) => one.name_en), ['Mala Loknia']);
});

test('a part of a word is no answer, and a known town elsewhere gets no similar names', () => {
  const places = placesOf([{ name_en: 'Makiivka' }, { name_en: 'Kyivske' }]);
  const page = load(scripts, { places, one_place: [['Kyiv', 'Київ', 'Kiev']] });
  const { exact, similar } = page.findPlaces('Kiev');
  assert.deepEqual([exact.length, similar.length], [0, 0]);
});
