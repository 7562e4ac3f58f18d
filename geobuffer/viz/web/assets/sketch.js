'use strict';
// Draw points, lines and areas on the map, as geometries of GeoJSON. Only the widget has this script.

(function (geobuffer) {
  const { view } = geobuffer;
  // Nothing else on the page has this colour. It is clearly visible on light and on dark ground.
  const SKETCH_COLOUR = '#a23fc4';
  const STYLE = { color: SKETCH_COLOUR, fillColor: SKETCH_COLOUR, weight: 2.5, interactive: false };
  // A click this near to the last corner, or to the first corner of an area, ends the drawing, as a
  // double click does. In pixels.
  const ENDS_WITHIN = 9;
  // A finger or a mouse is exact to a pixel: at zoom 18, that is half a metre.
  const DECIMALS = 6;
  const LEAST = { line: 2, area: 3 };
  let drawn = [];
  let shown = null;
  let corners = [];
  let draft = null;

  /** Return [longitude, latitude] of corners. The westernmost lies within ±180°; others may lie beyond. */
  function toCoordinates(latlngs) {
    const west = Math.min(...latlngs.map(({ lng }) => lng));
    const turn = 360 * Math.floor((west + 180) / 360);
    return latlngs.map(({ lat, lng }) => [lng - turn, lat].map((one) => Number(one.toFixed(DECIMALS))));
  }

  function toGeometry(kind, latlngs) {
    const line = toCoordinates(latlngs);
    if (kind === 'point') return { type: 'Point', coordinates: line[0] };
    if (kind === 'line') return { type: 'LineString', coordinates: line };
    return { type: 'Polygon', coordinates: [[...line, line[0]]] };
  }

  function showDrawn() {
    shown?.remove();
    shown = L.geoJSON(drawn, {
      ...STYLE,
      style: STYLE,
      coordsToLatLng: ([lon, lat]) => L.latLng(lat, geobuffer.unwrapLongitude(lon)),
      pointToLayer: (feature, at) => L.circleMarker(at, { ...STYLE, radius: 6, fillOpacity: 0.6 }),
    }).addTo(view.map);
    geobuffer.showTools();
  }

  function setDrawn(geometries) {
    drawn = geometries;
    showDrawn();
  }

  function showDraft(kind) {
    draft?.remove();
    const line = kind === 'area' ? L.polygon(corners, STYLE) : L.polyline(corners, STYLE);
    draft = L.layerGroup([
      line.setStyle({ dashArray: '5 4' }),
      ...corners.map((at) => L.circleMarker(at, { ...STYLE, radius: 4, fillOpacity: 1 })),
    ]).addTo(view.map);
    geobuffer.showTools();
  }

  function dropDraft() {
    corners = [];
    draft?.remove();
    draft = null;
  }

  /** End the line or area that is being drawn; one with too few corners is dropped. */
  function endDraft(kind) {
    const made = corners.length >= LEAST[kind] ? [toGeometry(kind, corners)] : [];
    dropDraft();
    setDrawn([...drawn, ...made]);
  }

  function isNear(at, corner) {
    if (!corner) return false;
    const { map } = view;
    return map.latLngToContainerPoint(at).distanceTo(map.latLngToContainerPoint(corner)) <= ENDS_WITHIN;
  }

  /** Add the corner of a click to the drawing of a kind, or end the drawing. */
  function addCorner(kind, at) {
    const isEnd = isNear(at, corners.at(-1)) || (kind === 'area' && isNear(at, corners[0]));
    if (kind === 'point') setDrawn([...drawn, toGeometry(kind, [at])]);
    else if (isEnd) endDraft(kind);
    else {
      corners.push(at);
      showDraft(kind);
    }
  }

  /** Remove the last corner of the drawing in progress, or else the last finished drawing. */
  function takeBack(kind) {
    if (!corners.length) setDrawn(drawn.slice(0, -1));
    else {
      corners.pop();
      showDraft(kind);
    }
  }

  Object.assign(geobuffer, {
    SKETCH_COLOUR, setDrawn, addCorner, endDraft, dropDraft, takeBack, toGeometry,
    listDrawn: () => drawn,
    isDrafting: () => corners.length > 0,
  });
})(window.geobuffer);
