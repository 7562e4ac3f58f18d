'use strict';
// Draw the zone at any width: all points within a distance of the border are the union of circles
// around its vertices and of strips along its edges. Circles and strips are those of the ellipsoid.

(function (geobuffer) {
  const { facts, view } = geobuffer;
  const EQUATOR_KM = 6378.137;
  const FLATTENING = 1 / 298.257223563;
  const E2 = FLATTENING * (2 - FLATTENING);
  const RADIANS = Math.PI / 180;
  // How far the drawn edge may lie from the true one, in pixels: by removing vertices, and by chords.
  const LINE_ERROR = 0.4;
  const CHORD_ERROR = 0.15;
  // If the radius is at least this many pixels, we draw only the sectors that no other circle covers.
  // We draw whole circles below that, and beyond MOST_ELLIPSE_KM, where they are not ellipses on the map.
  const LEAST_SECTOR = 8;
  const MOST_ELLIPSE_KM = 50;
  // We draw the inner part from a border with fewer vertices, at 0.94 of the distance. This border is off
  // by at most 0.05 of the distance, so the inner part covers at least 0.89 of the distance.
  const INNER = 0.88;
  const DIRECTIONS = Array.from({ length: 24 }, (_, i) => (
    [Math.sin(i * Math.PI / 12), -Math.cos(i * Math.PI / 12)]));
  // Which other vertices we test for covering a sector, counted along the border. If only further
  // vertices cover a sector, we draw it too, which costs time but is not wrong.
  const NEIGHBOURS = [1, -1, 2, -2, 4, -4, 8, -8, 16, -16, 32, -32, 64, -64, 128, -128];
  // The width of the drawn edge in pixels; how far apart the lines of a hatched band are; and from
  // which width a band is drawn.
  const EDGE = 1.2;
  const HATCH = 6;
  const LEAST_BAND = 3;

  /** Return the position of a point in space, and the radii of curvature of the ellipsoid there. */
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
   * Return the point at a distance in a direction, as longitude and sine of latitude. We move along a
   * circle with the curvature of the ellipsoid there. The error is 1 cm at 100 km, 2 m at 1,000 km.
   */
  function movePoint(frame, km, east, north) {
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

  /** Return the direction of an edge at one of its ends: its east and its north. */
  function directionOf(at, [from, to]) {
    const frame = frameAt(at);
    const east = frame.across * frame.cosine * (to[1] - from[1]);
    const north = frame.along * (to[0] - from[0]);
    const size = Math.hypot(east, north) || 1;
    return [east / size, north / size];
  }

  /** Split an edge into pieces much shorter than the width, as we draw straight strips; return the ends. */
  function splitEdge(from, to, km) {
    const [east, north] = [(to[1] - from[1]) * Math.cos(from[0] * RADIANS), to[0] - from[0]];
    const count = Math.max(1, Math.ceil(Math.hypot(east, north) * 111 / Math.max(2, km / 3)));
    return Array.from({ length: count + 1 }, (_, i) => {
      if (i === 0 || i === count) return i ? to : from;
      return [from[0] + (i / count) * (to[0] - from[0]), from[1] + (i / count) * (to[1] - from[1])];
    });
  }

  /** Return how many pixels a kilometre is at a latitude. */
  function pixelsPerKm(lat) {
    return 256 * 2 ** view.map.getZoom() / (2 * Math.PI * EQUATOR_KM * Math.cos(lat * RADIANS));
  }

  /** Return the angle between points of a circle whose chords are close enough to it; radius in pixels. */
  function stepOf(radius) {
    return 2 * Math.acos(1 - Math.min(0.5, CHORD_ERROR / radius));
  }

  /** Return the runs of successive points that a test accepts, each with the points beside it. */
  function listRuns(points, test) {
    const runs = [];
    let run = null;
    points.forEach((point, i) => {
      const isPart = test(point) || (points[i + 1] && test(points[i + 1])) || (i && test(points[i - 1]));
      if (!isPart) run = null;
      else if (run) run.push(point);
      else runs.push(run = [point]);
    });
    return runs;
  }

  /**
   * Return for each direction whether no other circle covers the circle around a vertex there. On the
   * map, circles are not exactly round; we choose the error so that we draw too much, never too little.
   */
  function findFree(run, index, km, radius) {
    const point = run[index];
    const lean = Math.abs(Math.tan(point.at[0] * RADIANS));
    const sure = (radius * (0.988 - 2 * km * lean / EQUATOR_KM)) ** 2;
    const near = NEIGHBOURS.map((step) => run[index + step]).filter(Boolean);
    return DIRECTIONS.map(([east, south]) => {
      const [x, y] = [point.x + radius * east, point.y + radius * south];
      for (const one of near) {
        if ((one.x - x) ** 2 + (one.y - y) ** 2 < sure) return false;
      }
      return true;
    });
  }

  /** Return the arcs of a circle in free directions, as start and end, one direction wider on both sides. */
  function listArcs(free) {
    const angle = 2 * Math.PI / free.length;
    if (free.every(Boolean)) return [[0, 2 * Math.PI]];
    const arcs = [];
    free.forEach((isFree, i) => {
      if (!isFree || free[(i + free.length - 1) % free.length]) return;
      let length = 1;
      while (free[(i + length) % free.length]) length += 1;
      arcs.push([(i - 1) * angle, (i + length) * angle]);
    });
    return arcs;
  }

  /** Return points of a circle of pixels from one angle to another, close enough to draw it. */
  function listArc(circle, radius, start, end) {
    const count = Math.max(2, Math.min(180, Math.ceil(Math.abs(end - start) / stepOf(radius))));
    return Array.from({ length: count + 1 }, (_, i) => {
      const angle = start + (end - start) * i / count;
      return circle(Math.sin(angle), Math.cos(angle));
    });
  }

  /** Trace circles around all points of a run, and strips along its edges. */
  function traceWhole(run, km, share, circleAt, trace) {
    run.forEach((point, i) => {
      const radius = km * share * pixelsPerKm(point.at[0]);
      trace(listArc(circleAt(point.at, share), radius, 0, 2 * Math.PI));
      if (run[i + 1]) traceStrip(point.at, run[i + 1].at, km, [share, -share], circleAt, trace);
    });
  }

  /** Trace the strip along an edge between two shares of the distance: left of it, or right if negative. */
  function traceStrip(from, to, km, [left, right], circleAt, trace) {
    const beside = (at, share) => {
      const [east, north] = directionOf(at, [from, to]);
      const sign = Math.sign(share);
      return circleAt(at, Math.abs(share))(-north * sign, east * sign);
    };
    const pieces = splitEdge(from, to, km);
    pieces.slice(1).forEach((end, n) => trace([
      beside(pieces[n], left), beside(end, left), beside(end, right), beside(pieces[n], right),
    ]));
  }

  /** Trace what lies outside the inner part of a run: sectors of circles and sides of strips. */
  function traceEdge(run, km, circleAt, trace) {
    run.forEach((point, i) => {
      const radius = km * pixelsPerKm(point.at[0]);
      for (const [start, end] of listArcs(findFree(run, i, km, radius))) {
        trace([
          ...listArc(circleAt(point.at, 1), radius, start, end),
          ...listArc(circleAt(point.at, INNER), radius, end, start),
        ]);
      }
      const next = run[i + 1];
      if (!next || point.distanceTo(next) ** 2 / (8 * radius) < CHORD_ERROR) return;
      for (const sides of [[1, INNER], [-INNER, -1]]) {
        traceStrip(point.at, next.at, km, sides, circleAt, trace);
      }
    });
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

    /** Compute the pixels of the border's vertices at this zoom, and keep as many as are needed. */
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

    /**
     * Return the circle around a point, as a function that returns a pixel for a direction. Up to 50 km,
     * and less towards the poles, it is an ellipse on the map, to 1 m; its middle lies towards the pole.
     */
    _makeCircle(at, km) {
      const scale = 256 * 2 ** this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      const toPixel = ([lon, sine]) => [
        (lon / 360 + 0.5) * scale - origin.x,
        (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * scale - origin.y,
      ];
      const frame = frameAt(at);
      const find = (east, north) => toPixel(movePoint(frame, km, east, north));
      if (km > MOST_ELLIPSE_KM * frame.cosine) return find;
      const [[x, top], [, bottom], [right]] = [find(0, 1), find(0, -1), find(1, 0)];
      const [middle, high, wide] = [(top + bottom) / 2, (bottom - top) / 2, right - x];
      return (east, north) => [x + wide * east, middle - high * north];
    },

    /** Return the area within a distance, as far as the map shows it, as a path of clockwise parts. */
    _tracePath(km) {
      const path = new Path2D();
      const { min, max } = this._renderer._bounds;
      const [middle, half] = [min.add(max).divideBy(2), min.distanceTo(max) / 2];
      const radiusOf = (point) => km * pixelsPerKm(point.at[0]);
      const fills = (point) => point.distanceTo(middle) + half < radiusOf(point) * 0.9;
      if (this._parts.some((part) => part.some(fills))) {
        path.rect(min.x, min.y, max.x - min.x, max.y - min.y);
        return path;
      }
      // Filling closes every part by itself; closePath takes longer with each part of a path.
      const trace = (points) => {
        points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      };
      const isNear = (point) => point.distanceTo(middle) < radiusOf(point) * 1.1 + half;
      const known = new Map();
      /** Return the circle around a point at a share of the distance; each is made once. */
      const circleAt = (at, share) => {
        if (!known.has(at)) known.set(at, {});
        return (known.get(at)[share] ??= this._makeCircle(at, km * share));
      };
      for (const run of this._parts.flatMap((part) => listRuns(part, isNear))) {
        const radius = radiusOf(run[0]);
        if (km > MOST_ELLIPSE_KM || radius < LEAST_SECTOR) traceWhole(run, km, 1, circleAt, trace);
        else {
          traceWhole(L.LineUtil.simplify(run, radius * 0.05), km, 0.94, circleAt, trace);
          traceEdge(run, km, circleAt, trace);
        }
      }
      return path;
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

  /** Return a pattern of thin slanting lines. */
  function makeHatch(pen) {
    const tile = document.createElement('canvas');
    Object.assign(tile, { width: HATCH, height: HATCH });
    const lines = tile.getContext('2d');
    lines.strokeStyle = geobuffer.colour('hatch');
    lines.beginPath();
    for (const shift of [-HATCH, 0, HATCH]) {
      lines.moveTo(shift, HATCH);
      lines.lineTo(shift + HATCH, 0);
    }
    lines.stroke();
    return pen.createPattern(tile, 'repeat');
  }

  /** The hatching on both sides of the zone's edge, as wide as the typical error of a place there. */
  geobuffer.Band = geobuffer.Swath.extend({
    _paint() {
      const [canvas, unused] = this._canvases;
      const { _ctx: ctx, _container: container } = this._renderer;
      Object.assign(canvas, { width: container.width, height: container.height });
      Object.assign(unused, { width: 1, height: 1 });
      const band = geobuffer.bandKm();
      if (2 * band * pixelsPerKm(view.map.getCenter().lat) < LEAST_BAND) return;
      const pen = canvas.getContext('2d');
      pen.setTransform(ctx.getTransform());
      pen.fillStyle = makeHatch(pen);
      const [{ to }] = this._rings;
      pen.fill(this._tracePath(to + band));
      pen.globalCompositeOperation = 'destination-out';
      pen.fill(this._tracePath(to - band));
      for (const area of [...this._areas, ...this._cuts]) this._fillArea(pen, area);
    },
  });
})(window.geobuffer);
