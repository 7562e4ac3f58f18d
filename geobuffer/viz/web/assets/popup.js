'use strict';
// Describe one settlement or one section, with elements that contain text only.

(function (geobuffer) {
  const { say, number, plain, element, button } = geobuffer;

  // The types of hromadas and kinds of places that the page can translate. Others appear as in the table.
  const HROMADA_TYPES = new Set(['urban', 'settlement', 'rural']);
  const KINDS = new Set(['village', 'city', 'settlement', 'hamlet', 'urban-type settlement',
    'railway settlement', 'populated place', 'town']);

  function otherNames(place) {
    const shown = geobuffer.nameOf(place, geobuffer.view.language);
    return ['en', 'uk', 'ru']
      .filter((language) => place[`name_${language}`] && place[`name_${language}`] !== shown)
      .map((language) => [say(`language_${language}`), nameElement(place, language)]);
  }

  function nameElement(place, language) {
    const name = element('bdi', '', place[`name_${language}`]);
    name.lang = language;
    return name;
  }

  function distance(place) {
    if (!Number.isFinite(place.distance_km)) return say('unknown');
    // The margin is the sum of the distance's error and the radius of the place.
    const error = place.margin_km - (place.radius_m || 0) / 1000;
    const shown = Number.isFinite(error) ? ` ± ${number(error, error < 0.1 ? 2 : 1)}` : '';
    return `${number(geobuffer.distanceOf(place), 2)}${shown} ${say('unit_km')}`;
  }

  /** Return the distance of a place as a text, or that it lies in the area around which the zone is. */
  function awayText(place) {
    const isWithin = geobuffer.facts.kind === 'area' && geobuffer.distanceOf(place) === 0;
    return isWithin ? say('in_area') : say('from_border', { distance: distance(place) });
  }

  function people(place) {
    if (!Number.isFinite(place.population)) return say('unknown');
    const dated = place.population_as_of
      ? ` (${say('as_of', { date: place.population_as_of })})` : '';
    return number(place.population) + dated;
  }

  function metres(value) {
    return Number.isFinite(value) ? `± ${number(value)} ${say('unit_m')}` : say('not_stated');
  }

  function oblast(place) {
    const { facts, view } = geobuffer;
    return geobuffer.labelOf(facts.regions, place.oblast ?? '', view.language);
  }

  function country(place) {
    const { facts, view } = geobuffer;
    return geobuffer.labelOf(facts.countries, place.country ?? '', view.language);
  }

  function raion(place) {
    // Readers of Ukrainian and Russian read Cyrillic letters; readers of further languages may not.
    const isCyrillic = ['uk', 'ru'].includes(geobuffer.view.language);
    return (!isCyrillic && place.raion_en) || place.raion;
  }

  /** Return the name of a hromada and its type, which distinguishes two with the same name. */
  function hromada(place) {
    if (!place.hromada || !HROMADA_TYPES.has(place.hromada_type)) return place.hromada;
    return `${place.hromada} (${say(`hromada_${place.hromada_type}`)})`;
  }

  function section(place) {
    const { facts, view } = geobuffer;
    return geobuffer.labelOf(facts.border.sections, place.section ?? '', view.language);
  }

  function side(place) {
    if (!place.side || geobuffer.facts.zone.sides.length < 2) return null;
    // The class of a place may be "inside" too, so the text of the side mentions the outline.
    const isOutline = ['inside', 'outside'].includes(place.side);
    return isOutline ? say(`side_${place.side}`) : geobuffer.sideLabel(place.side);
  }

  /** Return the ring of a place, or null if the zone has only one. */
  function ring(place) {
    const shown = geobuffer.rings();
    const found = shown.length > 1 && shown[geobuffer.ringOf(place)];
    if (!found) return null;
    return geobuffer.pickText(found.names)
      ?? say('ring_span', { from: plain(found.from), to: plain(found.to) });
  }

  function transliterated(place) {
    if (!place.transliterated) return null;
    const languages = place.transliterated.split(/[\s,]+/).map((to) => say(`language_${to}`));
    return element('p', 'remark', say('transliterated', { languages: languages.join(', ') }));
  }

  function conflict(place) {
    if (!place.conflict) return null;
    return element('p', 'remark', element('strong', '', `${say('conflict')}: `), place.conflict);
  }

  function sourceOf(place) {
    if (!place.source) return null;
    const keyOf = (source) => (source.key ?? '').split('; ');
    const found = geobuffer.facts.sources.find((source) => keyOf(source).includes(place.source));
    return found ? found.title : place.source;
  }

  function code(place) {
    if (!place.code) return null;
    return place.code_system ? `${place.code} (${place.code_system})` : place.code;
  }

  /** Return the share of an outline that lies in the zone as it was made; null at other widths. */
  function shareInside(place) {
    const { facts: { zone }, view } = geobuffer;
    const isMade = view.km === zone.edges_km.at(-1) && view.side === zone.side;
    return isMade && Number.isFinite(place.share_inside)
      ? `${number(100 * place.share_inside, 1)} %` : null;
  }

  function placeRows(place) {
    const chainage = Number.isFinite(place.chainage_km) && geobuffer.facts.kind !== 'point'
      ? say('chainage_value', { km: number(place.chainage_km, 1) }) : null;
    return [
      [say('class'), element('strong', '', say(`${geobuffer.stateOf(place)}_short`))],
      [say('p_inside'), geobuffer.probabilityText(place)],
      [say('share_inside'), shareInside(place)],
      [say('ring_name'), ring(place)],
      [say('distance'), distance(place)],
      ...otherNames(place),
      [say('kind'), KINDS.has(place.kind) ? say(place.kind) : place.kind],
      [say('population'), people(place)],
      [say('section'), section(place)],
      [say('chainage'), chainage],
      [say('side'), side(place)],
      [say('hromada'), hromada(place)],
      [say('raion'), raion(place)],
      [say('oblast'), oblast(place)],
      [say('country'), country(place)],
      [say('code'), code(place)],
      [say('position'), sourceOf(place)],
      [say('accuracy'), metres(place.accuracy_m)],
      [say('radius'), Number.isFinite(place.radius_m) ? `${number(place.radius_m)} ${say('unit_m')}` : null],
    ];
  }

  /** Return the class, the probability and the distance of a place in one line. */
  function shortAnswer(place) {
    const p = geobuffer.probabilityText(place);
    const away = Number.isFinite(place.distance_km) ? awayText(place) : null;
    const rest = [p && place.membership !== 'inside' ? say('likely', { p }) : null, away];
    return element('p', '', element('strong', '', say(`${geobuffer.stateOf(place)}_short`)),
      ...rest.filter(Boolean).map((part) => `, ${part}`));
  }

  /** Describe a settlement in two lines; all facts about it open at one click. */
  function describePlace(place) {
    const more = element('details', '', element('summary', '', say('all_facts')),
      geobuffer.termList(placeRows(place)), transliterated(place));
    more.open = !place.located;
    return element(
      'div', 'about',
      element('h2', '', geobuffer.nameOf(place, geobuffer.view.language)),
      shortAnswer(place), element('p', '', `${say('population')}: ${people(place)}`),
      conflict(place), more,
    );
  }

  /** Describe a settlement by name, class and distance, for a tooltip. */
  function describeBriefly(place) {
    const name = geobuffer.nameOf(place, geobuffer.view.language);
    const km = `${geobuffer.distanceText(place)} ${say('unit_km')}`;
    return element('div', '', element('strong', '', name),
      element('div', '', `${km}, ${say(`${geobuffer.stateOf(place)}_short`)}`));
  }

  function pointName(place) {
    // On a map across the antimeridian, longitudes continue to 360°.
    const lon = place.lon - 360 * Math.round(place.lon / 360);
    return `${place.lat.toFixed(5)}, ${lon.toFixed(5)}`;
  }

  /** Return where a settlement is, in one line. It distinguishes places that share a name. */
  function whereabouts(place) {
    if (place.isPoint) return `${distance(place)}, ${side(place) ?? section(place)}`;
    return [raion(place), oblast(place) || country(place)].filter(Boolean).join(', ');
  }

  function spanOf(section) {
    const end = section.start_km + section.length_km;
    return say('section_span', {
      from: number(section.start_km), to: number(end), length: number(section.length_km),
    });
  }

  function describeSection(section) {
    return element(
      'div', 'about',
      element('strong', '', geobuffer.pickText(section.names)),
      element('div', '', spanOf(section)),
    );
  }

  /** Give the keyboard focus back to the element that had it, if it was lost when the popup closed. */
  function returnFocus(opener, popup) {
    const here = document.activeElement;
    const isLost = here === document.body || popup.getElement()?.contains(here);
    if (isLost && opener?.isConnected) opener.focus({ preventScroll: true });
  }

  let opened = null;

  /** Make the content of a popup: what `describe` returns, with a button that closes it. */
  function fillPopup(describe) {
    const { map } = geobuffer.view;
    const content = describe();
    const close = button('close', () => map.closePopup(), '×');
    close.setAttribute('aria-label', say('close'));
    content.prepend(close);
    content.tabIndex = -1;
    content.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') map.closePopup();
    });
    return content;
  }

  /** Update the content of an open popup, after the zone or the language has changed. */
  function refreshPopup() {
    if (!opened?.isOpen()) return;
    const isOpen = opened.getElement().querySelector('details')?.open;
    opened.options.autoPan = false;
    opened.update();
    if (isOpen) opened.getElement().querySelector('details').open = true;
  }

  /** Open a popup. It gets the keyboard focus if it was opened from the list. */
  function openPopup(describe, latlng, withFocus) {
    const { map } = geobuffer.view;
    const small = map.getSize().x < 480;
    const opener = document.activeElement;
    const popup = L.popup({
      closeButton: false, maxWidth: small ? 260 : 340, maxHeight: Math.max(160, map.getSize().y - 110),
      autoPanPaddingTopLeft: [small ? 12 : 52, 12], autoPanPaddingBottomRight: [12, 12],
    });
    opened = popup.setLatLng(latlng).setContent(() => fillPopup(describe)).openOn(map);
    if (!withFocus) return;
    popup.getElement().querySelector('.about').focus({ preventScroll: true });
    map.once('popupclose', () => returnFocus(opener, popup));
  }

  function openPlace(place, withFocus = false) {
    openPopup(() => describePlace(place), [place.lat, place.lon], withFocus);
  }

  function openSection(section, latlng, withFocus = false) {
    openPopup(() => describeSection(section), latlng, withFocus);
  }

  /** Move the map to a settlement, zoom in to its surroundings, and open its popup. */
  function visitPlace(place) {
    const { map } = geobuffer.view;
    map.setView([place.lat, place.lon], Math.max(map.getZoom(), 11), { animate: false });
    map.getContainer().scrollIntoView({ block: 'nearest' });
    openPlace(place, true);
  }

  Object.assign(geobuffer, {
    describePlace, describeBriefly, describeSection, openPlace, openPopup, refreshPopup, openSection,
    visitPlace,
    whereabouts, spanOf, pointName, awayText, sideText: side, sectionText: section,
  });
})(window.geobuffer);
