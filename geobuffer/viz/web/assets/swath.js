'use strict';
// Draw the zone at any width: all points within a distance of the border are the union of circles
// around its vertices and of strips along its edges. Circles and strips are those of the ellipsoid.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  const EQUATOR_KM = 6378.137;
  const FLATTENING = 1 / 298.257223563;
  const E2 = FLATTENING * (2 - FLATTENING);
  const RADIANS = Math.PI / 180;
  // How far the drawn edge may lie from the true one, in pixels: by fewer vertices, and by chords.
  const LINE_ERROR = 0.4;
  const CHORD_ERROR = 0.15;
  // The width of the drawn edge in pixels.
  const EDGE = 1.2;

  /** Return what the ellipsoid is like at a point: its position in space, and its radii of curvature. */
  function frameAt([lat, lon]) {
    const [sine, cosine] = [Math.sin(lat * RADIANS), Math.cos(lat * RADIANS)];
    const square = 1 - E2 * sine * sine;
    const across = EQUATOR_KM / Math.sqrt(square);
    return {
      lon, sine, cosine, across, along: across * (1 - E2) / square,
      x: across * cosine, z: across * (1 - E2) * sine,
    };
  }

  /**
   * Return the point at a distance in a direction, as longitude and sine of latitude: along a circle
   * of the curvature that the ellipsoid has there. Its error is 0.2 m at 100 km, 200 m at 1,000 km.
   */
  function walk(frame, km, east, north) {
    const radius = 1 / (north * north / frame.along + east * east / frame.across);
    const ahead = radius * Math.sin(km / radius);
    const down = radius * (1 - Math.cos(km / radius));
    const x = frame.x - ahead * north * frame.sine - down * frame.cosine;
    const y = ahead * east;
    const z = frame.z + ahead * north * frame.cosine - down * frame.sine;
    const flat = Math.hypot(x, y);
    // Bowring's formula: exact to a micrometre so near the ground.
    const angle = Math.atan2(z, flat * (1 - FLATTENING));
    const tangent = (z + E2 / (1 - E2) * EQUATOR_KM * (1 - FLATTENING) * Math.sin(angle) ** 3)
      / (flat - E2 * EQUATOR_KM * Math.cos(angle) ** 3);
    return [frame.lon + Math.atan2(y, x) / RADIANS, tangent / Math.hypot(1, tangent)];
  }

  /** Return points at a distance around one, clockwise from the north. */
  function listAround(at, km, count) {
    const frame = frameAt(at);
    return Array.from({ length: count }, (_, i) => {
      const angle = 2 * Math.PI * i / count;
      return walk(frame, km, Math.sin(angle), Math.cos(angle));
    });
  }

  /** Return the strip of points beside an edge, clockwise: left of its ends, then right of them. */
  function listBeside(from, to, km) {
    const ends = [frameAt(from), frameAt(to)];
    const beside = (frame, sign) => {
      const east = frame.across * frame.cosine * (to[1] - from[1]);
      const north = frame.along * (to[0] - from[0]);
      const size = Math.hypot(east, north) || 1;
      return walk(frame, km, -sign * north / size, sign * east / size);
    };
    return [beside(ends[0], 1), beside(ends[1], 1), beside(ends[1], -1), beside(ends[0], -1)];
  }

  /** Return edges in pieces that are short beside the width, because strips have straight sides. */
  function splitEdge(from, to, km) {
    const [east, north] = [(to[1] - from[1]) * Math.cos(from[0] * RADIANS), to[0] - from[0]];
    const count = Math.max(1, Math.ceil(Math.hypot(east, north) * 111 / Math.max(2, km / 3)));
    return Array.from({ length: count + 1 }, (_, i) => [
      from[0] + (i / count) * (to[0] - from[0]), from[1] + (i / count) * (to[1] - from[1]),
    ]);
  }

  /** Return how many pixels a kilometre is at a latitude. */
  function pixelsPerKm(lat) {
    return 256 * 2 ** view.map.getZoom() / (2 * Math.PI * EQUATOR_KM * Math.cos(lat * RADIANS));
  }

  geobuffer.Swath = L.Path.extend({
    options: { interactive: false },

    initialize() {
      this._lines = facts.border.sections.flatMap((one) => geobuffer.unpackLines(one.shape));
      this._rings = [];
      this._canvases = [document.createElement('canvas'), document.createElement('canvas')];
    },

    /** Show rings, each with its edges in km and its fill; or nothing. */
    setRings(rings, { clip = null, edge, fillOpacity, areas = [], cuts = [] } = {}) {
      Object.assign(this, { clip, _rings: rings, _edge: edge, _areas: areas, _cuts: cuts });
      this._fillOpacity = fillOpacity;
      this._painted = null;
      this.redraw();
    },

    /** Compute the pixels of the border's vertices at this zoom, of which few are enough. */
    _project() {
      this._painted = null;
      this._parts = this._lines.map((line) => {
        const points = line.map((at) => Object.assign(this._map.latLngToLayerPoint(at), { at }));
        return L.LineUtil.simplify(points, LINE_ERROR);
      });
    },

    _update() {
      this._pxBounds = this._renderer?._bounds;
    },

    _reset() {
      this._project();
      this._update();
      this.redraw();
    },

    /** Return all points within a distance as a path: every part of it runs clockwise. */
    _tracePath(km) {
      const path = new Path2D();
      const scale = 256 * 2 ** this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      const trace = (points) => {
        points.forEach(([lon, sine], i) => {
          const x = (lon / 360 + 0.5) * scale - origin.x;
          const y = (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * scale - origin.y;
          if (i) path.lineTo(x, y);
          else path.moveTo(x, y);
        });
        path.closePath();
      };
      for (const part of this._parts) this._tracePart(part, km, trace);
      return path;
    },

    _tracePart(part, km, trace) {
      const { min, max } = this._renderer._bounds;
      part.forEach((point, i) => {
        const radius = km * pixelsPerKm(point.at[0]);
        const reach = radius * 1.4 + 4;
        const next = part[i + 1] ?? point;
        const isSeen = Math.max(point.x, next.x) > min.x - reach && Math.min(point.x, next.x) < max.x + reach
          && Math.max(point.y, next.y) > min.y - reach && Math.min(point.y, next.y) < max.y + reach;
        if (!isSeen) return;
        const count = Math.ceil(Math.PI / Math.acos(1 - Math.min(0.5, CHORD_ERROR / radius)));
        trace(listAround(point.at, km, Math.min(180, Math.max(8, count))));
        if (next === point) return;
        const pieces = splitEdge(point.at, next.at, km);
        pieces.slice(1).forEach((to, n) => trace(listBeside(pieces[n], to, km)));
      });
    },

    /** Paint the rings and their edges, each on a canvas of its own, from the widest inwards. */
    _paint() {
      const { _ctx: ctx, _container: container } = this._renderer;
      const pens = this._canvases.map((canvas) => {
        canvas.width = container.width; // this also clears it
        canvas.height = container.height;
        const pen = canvas.getContext('2d');
        pen.setTransform(ctx.getTransform());
        return pen;
      });
      const [fills, edges] = pens;
      const thin = EDGE / pixelsPerKm(view.map.getCenter().lat);
      for (const { from, to, fillColor } of [...this._rings].reverse()) {
        const path = this._tracePath(to);
        fills.fillStyle = fillColor;
        fills.fill(path);
        edges.fillStyle = this._edge;
        edges.globalCompositeOperation = 'source-over';
        edges.fill(path);
        edges.globalCompositeOperation = 'destination-out';
        if (to > thin) edges.fill(this._tracePath(to - thin));
        if (from === 0) for (const area of this._areas) this._fillArea(fills, area);
      }
      for (const pen of pens) {
        pen.globalCompositeOperation = 'destination-out';
        for (const cut of this._cuts) this._fillArea(pen, cut);
      }
    },

    _fillArea(pen, rings) {
      pen.beginPath();
      for (const ring of rings) {
        ring.forEach((at, i) => {
          const { x, y } = this._map.latLngToLayerPoint(at);
          if (i) pen.lineTo(x, y);
          else pen.moveTo(x, y);
        });
        pen.closePath();
      }
      pen.fill('evenodd');
    },

    _updatePath() {
      if (!this._renderer._drawing || !this._rings.length) return;
      const { _ctx: ctx, _bounds: bounds } = this._renderer;
      const painted = `${bounds.min} ${bounds.max} ${this._map.getZoom()}`;
      if (this._painted !== painted) {
        this._paint();
        this._painted = painted;
      }
      ctx.save();
      if (this.clip) geobuffer.clipToSide(ctx, this.clip);
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      this._canvases.forEach((canvas, i) => {
        ctx.globalAlpha = i ? 1 : this._fillOpacity;
        ctx.drawImage(canvas, 0, 0);
      });
      ctx.restore();
    },
  });

  Object.assign(geobuffer, { listAround });
})(window.geobuffer);
