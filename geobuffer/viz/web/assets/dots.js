'use strict';
// Draw all settlements as one layer on Leaflet's canvas: 100,000 separate layers would be too slow.

(function (geobuffer) {
  const ORDER = ['outside', 'inside', 'uncertain'];
  // Browsers fill a path of some hundred circles quickly, but a path of many thousands slowly.
  const BATCH = 400;

  /** Return the position of a place in the unit square of the Web Mercator map. */
  function projectToUnit(place) {
    const sine = Math.sin((place.lat * Math.PI) / 180);
    return [place.lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  }

  /** Return the radius of the symbol of a town, as in geobuffer/viz/symbols.py; 0 for a village. */
  function townRadius(place) {
    const size = geobuffer.facts.dots.towns.find(([least]) => (place.population ?? 0) >= least);
    return size ? size[1] : 0;
  }

  function tracePath(ctx, dots, radius) {
    ctx.beginPath();
    for (const dot of dots) {
      ctx.moveTo(dot.x + radius, dot.y);
      ctx.arc(dot.x, dot.y, radius, 0, 2 * Math.PI);
    }
  }

  function paint(ctx, dots, style) {
    ctx.fillStyle = style.fillColor;
    ctx.strokeStyle = style.color;
    ctx.lineWidth = style.weight;
    for (let i = 0; i < dots.length; i += BATCH) {
      tracePath(ctx, dots.slice(i, i + BATCH), style.radius);
      ctx.fill();
      if (style.weight > 0) ctx.stroke();
    }
  }

  geobuffer.Dots = L.Path.extend({
    options: { interactive: true, bubblingMouseEvents: false },

    initialize(places, styleOf) {
      this._dots = places.filter((place) => place.located)
        .map((place) => ({ place, at: projectToUnit(place), town: townRadius(place), x: 0, y: 0 }));
      this._styleOf = styleOf;
      this._seen = [];
    },

    /** Compute the position of each dot on the canvas at this zoom. */
    _project() {
      const scale = 256 * 2 ** this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      for (const dot of this._dots) {
        dot.x = dot.at[0] * scale - origin.x;
        dot.y = dot.at[1] * scale - origin.y;
      }
    },

    _update() {
      if (!this._map) return;
      const { min, max } = this._renderer._bounds;
      this._pxBounds = this._renderer._bounds;
      this._seen = this._dots.filter((dot) =>
        dot.x >= min.x && dot.x <= max.x && dot.y >= min.y && dot.y <= max.y);
    },

    _updatePath() {
      if (!this._renderer._drawing) return;
      for (const membership of ORDER) {
        const dots = this._seen.filter((dot) =>
          dot.place.membership === membership && this._isShown(dot) && !dot.town);
        if (dots.length) paint(this._renderer._ctx, dots, this._styleOf(membership));
      }
      for (const dot of this._seen) {
        if (dot.town) paint(this._renderer._ctx, [dot], this.styleOf(dot));
      }
    },

    /** Return whether to draw a dot: always for a town; outside the zone, if the reader chose so. */
    _isShown(dot) {
      return dot.town > 0 || dot.place.membership !== 'outside' || geobuffer.view.outside;
    },

    /** Return the style of a dot: that of its class. A town is nearly as large as its symbol, or larger. */
    styleOf(dot) {
      if (!dot.town) return this._styleOf(dot.place.membership);
      const symbol = geobuffer.townStyle(dot.town);
      if (dot.place.membership === 'outside') return symbol;
      const style = this._styleOf(dot.place.membership);
      return { ...style, radius: Math.max(style.radius, symbol.radius * 0.8) };
    },

    /** Return the dots that are drawn: place, position on the canvas, and the radius with its outline. */
    listShown() {
      const radii = Object.fromEntries(ORDER.map((membership) => {
        const style = this._styleOf(membership);
        return [membership, style.radius + style.weight / 2];
      }));
      return this._seen.filter((dot) => this._isShown(dot)).map((dot) => {
        const style = dot.town ? this.styleOf(dot) : null;
        const radius = style ? style.radius + style.weight / 2 : radii[dot.place.membership];
        return { place: dot.place, isTown: dot.town > 0, x: dot.x, y: dot.y, radius };
      });
    },

    _reset() {
      this._project();
      this._update();
      this.redraw();
    },

    /** Return the place nearest to a point of the canvas, or null if none is close enough. */
    placeAt(point) {
      const reach = this._styleOf('inside').radius + this._renderer.options.tolerance;
      let best = reach * reach;
      let found = null;
      for (const dot of this._seen) {
        const square = (dot.x - point.x) ** 2 + (dot.y - point.y) ** 2;
        // The map shows towns far from the border, but the page has no further data about them.
        if (square >= best || dot.place.isFar || !this._isShown(dot)) continue;
        best = square;
        found = dot.place;
      }
      return found;
    },

    _containsPoint(point) {
      return this.placeAt(point) !== null;
    },
  });
})(window.geobuffer);
