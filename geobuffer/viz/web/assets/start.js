'use strict';
// Start the page: folium makes the map, then calls drawZone on it.

(function (geobuffer) {
  const { say, button } = geobuffer;
  const LANGUAGES = Object.keys(geobuffer.words);
  // If a map is narrower or lower than this, in pixels, its buttons overlap.
  const LEAST_SIZE = 100;

  function languageButton(language) {
    const made = button('', () => setLanguage(language), geobuffer.words[language].language_name);
    made.lang = language;
    made.dataset.language = language;
    return made;
  }

  /** Show everything in a language: the page, the map's buttons, the names. */
  function setLanguage(language) {
    const { map } = geobuffer.view;
    geobuffer.view.language = language;
    document.documentElement.lang = language;
    geobuffer.showPanel();
    geobuffer.showLabels();
    geobuffer.showOwn();
    sayControls(map);
    geobuffer.showState();
    geobuffer.showLocator();
    geobuffer.refreshPopup();
    for (const one of document.querySelectorAll('[data-language]')) {
      one.setAttribute('aria-pressed', String(one.dataset.language === language));
    }
  }

  function sayControls(map) {
    for (const attribute of ['title', 'aria-label']) {
      document.getElementById('whole-zone')?.setAttribute(attribute, say('whole_zone'));
    }
    const container = map.getContainer();
    container.setAttribute('aria-label', say('map'));
    document.getElementById('languages').setAttribute('aria-label', say('languages'));
    for (const [name, key] of [['in', 'zoom_in'], ['out', 'zoom_out']]) {
      const control = container.querySelector(`.leaflet-control-zoom-${name}`);
      control?.setAttribute('title', say(key));
      control?.setAttribute('aria-label', say(key));
    }
  }

  /** Return text as HTML that shows it: Leaflet reads an attribution as HTML. */
  function escapeHtml(text) {
    return geobuffer.element('span', '', text).innerHTML;
  }

  /** Credit the makers of the data in a few words; the panel has the full sources and licences. */
  function showCredits(map) {
    map.attributionControl.setPrefix(false);
    for (const text of ['Leaflet', geobuffer.facts.credit].filter(Boolean)) {
      map.attributionControl.addAttribution(escapeHtml(text));
    }
  }

  function setPrinting(map, printing) {
    geobuffer.view.printing = printing;
    document.body.classList.toggle('printing', printing);
    geobuffer.restyle();
    geobuffer.showPanel();
    map.invalidateSize({ pan: false, animate: false });
  }

  /** For printing, the map gets the size and the colours of paper. We print the parts of the page
      that the reader has opened, and not the closed ones, such as the list. */
  function startPrinting(map) {
    let seen = null;
    window.addEventListener('beforeprint', () => {
      map.closePopup(); // it would hide the map, and paper cannot scroll
      seen = { bounds: map.getBounds(), centre: map.getCenter(), zoom: map.getZoom() };
      setPrinting(map, true);
      // Paper is smaller than a screen. We cut off the margins, which loses less than a step of zoom.
      map.fitBounds(seen.bounds.pad(-0.12), { animate: false });
    });
    window.addEventListener('afterprint', () => {
      setPrinting(map, false);
      map.setView(seen.centre, seen.zoom, { animate: false });
    });
  }

  /** A narrow map has space for a popup or for its buttons, but not for both. */
  function startPopups(map) {
    const container = map.getContainer();
    map.on('popupopen', () => container.classList.add('has-popup'));
    map.on('popupclose', () => container.classList.remove('has-popup'));
  }

  /** The link that skips the map leads to the list, which is closed at first, so we open it. */
  function startSkipping() {
    document.querySelector('.skip').addEventListener('click', () => {
      document.getElementById('settlements').open = true;
    });
  }

  function start(map) {
    geobuffer.view.map = map;
    geobuffer.view.language = geobuffer.chooseLanguage();
    document.getElementById('languages').append(...LANGUAGES.map(languageButton));
    showCredits(map);
    map.fitBounds(geobuffer.facts.zone.bounds, { animate: false });
    geobuffer.draw(map);
    geobuffer.startLabels(map);
    geobuffer.startControls();
    geobuffer.startTable();
    geobuffer.startSearch();
    geobuffer.startOwn();
    setLanguage(geobuffer.view.language);
    startSkipping();
    startPopups(map);
    geobuffer.startClicks(map);
    startPrinting(map);
    geobuffer.startSharing(map);
    map.getContainer().setAttribute('role', 'region');
  }

  /** Run something once the map has a size. A frame that a notebook or a tab still hides has none, and
      one that opens slowly has a few pixels: no zoom fits the zone to them. */
  function runWhenSized(map, run) {
    const container = map.getContainer();
    const hasSize = () => Math.min(container.clientWidth, container.clientHeight) >= LEAST_SIZE;
    if (hasSize()) {
      run();
      return;
    }
    const observer = new ResizeObserver(() => {
      if (!hasSize()) return;
      observer.disconnect();
      map.invalidateSize({ pan: false, animate: false });
      run();
    });
    observer.observe(container);
  }

  Object.assign(geobuffer, { setLanguage, start });

  L.Map.include({
    drawZone() {
      runWhenSized(this, () => geobuffer.start(this));
      return this;
    },
  });
})(window.geobuffer);
