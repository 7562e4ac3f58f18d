// The page's scripts outside a browser: a document that only holds the two blocks of JSON.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const FOLDER = new URL('../../../../geobuffer/viz/web/assets/', import.meta.url);

function read(name) {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

const WORDS = JSON.parse(readFileSync(
  new URL('../../../../geobuffer/zones/coordinate_words.json', import.meta.url), 'utf8'));
const RULES = JSON.parse(readFileSync(
  new URL('../../../../geobuffer/zones/name_rules.json', import.meta.url), 'utf8'));

const ENGLISH = JSON.parse(readFileSync(
  new URL('../../../../geobuffer/zones/languages/en.json', import.meta.url), 'utf8')).page;

const BARE = {
  name_rules: RULES,
  coordinate_words: WORDS,
  one_place: [],
  language: 'en',
  given_titles: {},
  arcs: [],
  zone: { is_plain: true, edges_km: [0, 10], side: 'West', rings: [{ area_km2: 100, shape: [] }] },
  sides: [
    { name: 'West', names: { en: 'West', uk: 'Захід', ru: 'Запад' }, shape: [] },
    { name: 'East', names: { en: 'East', uk: 'Схід', ru: 'Восток' }, shape: [] },
  ],
  border: { sections: [] },
  regions: [],
  countries: [],
  sources: [],
  kind: 'border',
  pins: {},
  dots: { few: 40 },
  slider: {
    widths_km: [5, 10, 15], cuts: [],
    areas_km2: { both: [100, 200, 300], West: [50, 100, 150], East: [50, 100, 150] },
  },
  places: { given: true, count: 0, far: 0, columns: {} },
};

/** Run some of the page's scripts on facts, and return what they share. */
export function load(scripts, facts = {}) {
  const blocks = {
    'geobuffer-data': JSON.stringify({ ...BARE, ...facts }),
    'geobuffer-words': JSON.stringify({
      keys: Object.keys(ENGLISH), texts: { en: Object.values(ENGLISH) },
    }),
  };
  const window = {};
  const document = { getElementById: (id) => ({ textContent: blocks[id] }) };
  const context = vm.createContext({ window, document, console, Intl, TextDecoder, URLSearchParams });
  for (const name of scripts) vm.runInContext(read(name), context, { filename: name });
  return window.geobuffer;
}

/** Places as the page's block has them, from a list of objects. */
export function placesOf(rows) {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const columns = Object.fromEntries(
    names.map((name) => [name, rows.map((row) => row[name] ?? null)]));
  return { given: true, count: rows.length, far: 0, columns };
}
