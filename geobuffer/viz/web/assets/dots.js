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
        .map((place) => ({ place, at: projectToUnit(place), x: 0, y: 0 }));
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
        if (membership === 'outside' && !geobuffer.view.outside) continue;
        const dots = this._seen.filter((dot) => dot.place.membership === membership);
        if (dots.length) paint(this._renderer._ctx, dots, this._styleOf(membership));
      }
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
      for (const { place, x, y } of this._seen) {
        const square = (x - point.x) ** 2 + (y - point.y) ** 2;
        if (square >= best || (place.membership === 'outside' && !geobuffer.view.outside)) continue;
        best = square;
        found = place;
      }
      return found;
    },

    _containsPoint(point) {
      return this.placeAt(point) !== null;
    },
  });
})(window.geobuffer);
