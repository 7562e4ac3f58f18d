'use strict';
// Search for places and coordinates while the reader types, in any of three languages.

(function (geobuffer) {
  const { say, byId, element, button } = geobuffer;
  const MOST = 20;

  function describeCount({ exact, similar }) {
    const count = exact.length;
    if (count > MOST) return say('found_more', { count, shown: MOST });
    if (count) return say('found', { count });
    return say(similar.length ? 'found_similar' : 'found_none');
  }

  function choosePlace(place) {
    byId('found-detail').replaceChildren();
    if (place.isPoint) geobuffer.openPoint(place, true);
    else if (place.located) geobuffer.visitPlace(place);
    else byId('found-detail').replaceChildren(geobuffer.describePlace(place));
  }

  function makeAnswer(place) {
    const text = place.isPoint
      ? geobuffer.pointName(place) : geobuffer.nameOf(place, geobuffer.view.language);
    const name = element('bdi', 'found-name', text);
    const where = element('span', 'quiet', geobuffer.whereabouts(place));
    const state = element('span', 'found-class', say(`${geobuffer.stateOf(place)}_short`));
    const glyph = geobuffer.placeGlyph(geobuffer.stateOf(place));
    return element('li', '', button('', () => choosePlace(place), glyph, name, state, where));
  }

  /** Show the point of coordinates as an answer: its distance and its class. */
  function showPoint(at) {
    const place = geobuffer.makePlace(at);
    byId('found').replaceChildren(makeAnswer(place));
    byId('found-detail').replaceChildren();
    byId('search-status').textContent = say('found', { count: 1 });
  }

  /** Return the coordinates of a text, null for a name, and undefined if they are not clear. */
  function readPosition(text) {
    try {
      return geobuffer.parsePosition(text);
    } catch {
      return undefined;
    }
  }

  function describeFound(text, at, found) {
    if (!text.trim()) return say(geobuffer.places.length ? 'search_hint' : 'search_hint_bare');
    const isName = geobuffer.places.length && at !== undefined;
    return isName || found.exact.length ? describeCount(found) : say('coordinates_unclear');
  }

  function showFound() {
    const text = byId('search').value;
    const at = readPosition(text);
    if (at) {
      showPoint(at);
      return;
    }
    const found = geobuffer.findPlaces(text);
    const exact = found.exact.slice(0, MOST).map(makeAnswer);
    const similar = found.similar.slice(0, MOST - exact.length).map(makeAnswer);
    // A name that is only similar is no answer, so a heading separates such names from the answers.
    const heading = exact.length && similar.length
      ? [element('li', 'quiet', say('similar_names'))] : [];
    byId('found').replaceChildren(...exact, ...heading, ...similar);
    byId('found-detail').replaceChildren();
    byId('search-status').textContent = describeFound(text, at, found);
  }

  function startSearch() {
    const box = byId('search');
    box.addEventListener('input', showFound);
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') byId('found').querySelector('button')?.click();
    });
  }

  Object.assign(geobuffer, { startSearch, showFound });
})(window.geobuffer);
