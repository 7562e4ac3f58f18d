'use strict';
// Translate words and format numbers, and make elements that contain text and never markup.

(function (geobuffer) {
  /** Return the text for a key; undefined without one. */
  function findText(key) {
    const words = geobuffer.words[geobuffer.view.language];
    return Object.hasOwn(words, key) ? words[key] : undefined;
  }

  /** Return the words for what distances are measured from: a border, a river, an outline. */
  function nameIt() {
    const it = findText('it');
    return { it, It: it.charAt(0).toUpperCase() + it.slice(1), of_it: findText('of_it') };
  }

  /**
   * Return the text for a key, with {values} filled in, or the key itself if there is no text. If a text
   * has plural forms, the whole number `n` decides which form.
   */
  function say(key, values = {}) {
    let text = findText(key) ?? key;
    let filled = values;
    if (typeof text !== 'string') {
      text = text[new Intl.PluralRules(geobuffer.view.language).select(values.n)];
      filled = { ...values, n: number(values.n) };
    }
    if (/\{(?:it|It|of_it)\}/.test(text)) filled = { ...nameIt(), ...filled };
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in filled ? filled[name] : whole));
  }

  /** Return a text whose numbers stay on one line with their units. */
  function joinUnits(text) {
    return text.replace(/(\d) (?=(?:km²?|m|км²?|м)(?![\p{L}\d]))/gu, '$1\u00a0')
      .replaceAll('± ', '±\u00a0');
  }

  /** Return the words of a heading about a side; empty if the zone has no sides. */
  function onSide(side) {
    if (side === 'around' || geobuffer.facts.kind === 'point') return '';
    return findText(`on_${side}`) ? say(`on_${side}`) : say('on_side', { side: sideLabel(side) });
  }

  function number(value, digits = 0) {
    return value.toLocaleString(geobuffer.view.language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  /** Return a width with the decimals that it has: 10, 2.5, 0.05. */
  function plain(value) {
    return value.toLocaleString(geobuffer.view.language, { maximumFractionDigits: 3 });
  }

  function byId(id) {
    return document.getElementById(id);
  }

  /** Make an element with a class and children; strings become text, never markup. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function button(className, onClick, ...children) {
    const made = element('button', className, ...children);
    made.type = 'button';
    made.addEventListener('click', onClick);
    return made;
  }

  /** Make a list of terms and descriptions; rows without a description are left out. */
  function termList(rows) {
    const list = element('dl', 'facts');
    for (const [term, description] of rows) {
      if (description === null || description === undefined || description === '') continue;
      list.append(element('dt', '', term), element('dd', '', description));
    }
    return list;
  }

  function svg(tag, attributes, ...children) {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** Write the fixed texts of the page: those of every element with a data-say attribute. */
  function sayFixedParts() {
    for (const part of document.querySelectorAll('[data-say]')) {
      part.textContent = say(part.dataset.say);
    }
  }

  /** Return the name of a side, or the word for both sides or for a zone around areas. */
  function sideLabel(name) {
    if (name === 'both') return say('side_both');
    if (name === 'around') return say('side_around');
    return geobuffer.labelOf(geobuffer.facts.sides, name, geobuffer.view.language);
  }

  /** Return the class of a place, by which it is drawn and listed. */
  function stateOf(place) {
    return place.located ? place.membership : 'unlocated';
  }

  /** Return a distance in km with the precision of the slider's steps. */
  function distanceText(place) {
    const step = geobuffer.facts.slider.widths_km[0] ?? geobuffer.view.km / 10;
    return number(geobuffer.distanceOf(place), step >= 1 ? 1 : step >= 0.1 ? 2 : 3);
  }

  /** Return the probability that a place lies in the zone, in percent and never 0 or 100; or null. */
  function probabilityText(place) {
    const p = geobuffer.probabilityOf(place);
    if (!Number.isFinite(p)) return null;
    return (p < 0.005 ? '< 1 %' : p >= 0.995 ? '> 99 %' : `${number(100 * p)} %`).replaceAll(' ', '\u00a0');
  }

  Object.assign(geobuffer, {
    plain, sideLabel, stateOf, distanceText, probabilityText, say, joinUnits, onSide, number, byId,
    element, button, termList, svg, sayFixedParts,
  });
})(window.geobuffer);
