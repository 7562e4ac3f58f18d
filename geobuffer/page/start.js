'use strict';
// Where it begins: folium makes the map, then calls drawZone on it.

(function (geobuffer) {
  const { say, button } = geobuffer;
  const LANGUAGES = ['en', 'uk', 'ru'];

  function languageButton(language) {
    const made = button('', () => setLanguage(language), geobuffer.words[language].language_name);
    made.lang = language;
    made.dataset.language = language;
    return made;
  }

  /** Say everything in a language: the page, the map's buttons, the names. */
  function setLanguage(language) {
    const { map } = geobuffer.view;
    geobuffer.view.language = language;
    document.documentElement.lang = language;
    map.closePopup();
    geobuffer.showPanel();
    geobuffer.showLabels();
    sayControls(map);
    for (const one of document.querySelectorAll('[data-language]')) {
      one.setAttribute('aria-pressed', String(one.dataset.language === language));
    }
  }

  function sayControls(map) {
    const room = map.getContainer();
    room.setAttribute('aria-label', say('map'));
    document.getElementById('languages').setAttribute('aria-label', say('languages'));
    for (const [name, key] of [['in', 'zoom_in'], ['out', 'zoom_out']]) {
      const control = room.querySelector(`.leaflet-control-zoom-${name}`);
      control?.setAttribute('title', say(key));
      control?.setAttribute('aria-label', say(key));
    }
  }

  /** Text as markup that shows it: Leaflet takes an attribution as HTML. */
  function escaped(text) {
    return geobuffer.element('span', '', text).innerHTML;
  }

  function credit(map) {
    const border = geobuffer.facts.sources.filter((source) => source.layer === 'border');
    const texts = border.map((source) => [source.title, source.licence].filter(Boolean).join(', '));
    map.attributionControl.setPrefix(false);
    map.attributionControl.addAttribution('Leaflet');
    for (const text of new Set(texts)) map.attributionControl.addAttribution(escaped(text));
  }

  function fitZone(map) {
    const side = Math.min(map.getSize().x, map.getSize().y) * 0.04;
    map.fitBounds(geobuffer.facts.zone.bounds, { padding: [side, side], animate: false });
  }

  /** On paper, everything is said and nothing is folded away. */
  function startPrinting(map) {
    const folded = () => document.querySelectorAll('details');
    window.addEventListener('beforeprint', () => {
      geobuffer.view.printing = true;
      folded().forEach((details) => { details.open = true; });
      geobuffer.restyle();
    });
    window.addEventListener('afterprint', () => {
      geobuffer.view.printing = false;
      geobuffer.restyle();
    });
  }

  /** A narrow map has room for a popup or for its buttons. */
  function startPopups(map) {
    const room = map.getContainer();
    map.on('popupopen', () => room.classList.add('has-popup'));
    map.on('popupclose', () => room.classList.remove('has-popup'));
  }

  function start(map) {
    geobuffer.view.map = map;
    document.getElementById('languages').append(...LANGUAGES.map(languageButton));
    credit(map);
    fitZone(map);
    geobuffer.draw(map);
    geobuffer.startLabels(map);
    geobuffer.startPanel();
    geobuffer.startSearch();
    setLanguage(geobuffer.view.language);
    startPopups(map);
    startPrinting(map);
    map.getContainer().setAttribute('role', 'region');
  }

  L.Map.include({
    drawZone() {
      start(this);
      return this;
    },
  });
})(window.geobuffer);
