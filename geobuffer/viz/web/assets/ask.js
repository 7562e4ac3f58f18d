'use strict';
// Answer a click on the map, or coordinates: how far the point is from the border, and whether it is
// in the zone. The answer draws the shortest line to the border, and a circle for the error.

(function (geobuffer) {
  const { say, number, element } = geobuffer;
  let drawn = null;

  function describeNearestPlace(point) {
    const found = geobuffer.findNearestPlace(point);
    if (!found) return null;
    const direction = say('directions').split(', ')[found.eighth];
    const name = geobuffer.nameOf(found.place, geobuffer.view.language);
    return say('nearest_place', { name, km: number(found.km, 1), direction });
  }

  /** Describe a point: its class and distance, where it is along the border, and the nearest place. */
  function describePoint(point) {
    const { facts } = geobuffer;
    const near = facts.kind === 'point' ? null : say('near_km', { km: number(point.chainage_km, 1) });
    point.membership = geobuffer.classOfPoint(point);
    const where = [geobuffer.sideText(point), geobuffer.sectionText(point), near].filter(Boolean);
    return element('div', 'about',
      element('h2', '', geobuffer.pointName(point)),
      element('p', '', element('strong', '', say(`${point.membership}_short`)), ': ',
        geobuffer.awayText(point)),
      element('p', 'quiet', where.join(', ')),
      element('p', 'quiet', describeNearestPlace(point)));
  }

  /** Return where to draw a point: on the same side of the antimeridian as its nearest border point. */
  function placeByFoot({ lat, lon, foot }) {
    return [lat, lon + 360 * Math.round((foot[1] - lon) / 360)];
  }

  function drawAnswer(map, point) {
    const at = placeByFoot(point);
    const style = { color: geobuffer.colour('border'), weight: 1.5, interactive: false };
    drawn = L.layerGroup([
      L.polyline(geobuffer.traceGeodesic(at, point.foot), { ...style, dashArray: '4 4' }),
      L.circle(at, { ...style, weight: 1, radius: 1000 * point.margin_km, fillOpacity: 0.1 }),
      ...[at, point.foot].map((end) => L.circleMarker(end, { ...style, radius: 3, fillOpacity: 1 })),
    ]).addTo(map);
  }

  function removeAnswer() {
    drawn?.remove();
    drawn = null;
  }

  /**
   * Open the answer for a point of `makePlace`. If the answer gets the keyboard focus, the map moves so
   * that both ends of the line are visible.
   */
  function openPoint(point, withFocus = false) {
    const { map } = geobuffer.view;
    map.closePopup();
    const at = placeByFoot(point);
    if (withFocus) {
      const ends = L.latLngBounds([at, point.foot]).pad(0.4);
      if (!map.getBounds().contains(ends)) map.fitBounds(ends, { maxZoom: 11, animate: false });
    }
    drawAnswer(map, point);
    // A popup opens north of its point, so we open it at the northern end, where it hides no line.
    const [, northern] = [point.foot, at].sort((one, two) => one[0] - two[0]);
    geobuffer.openPopup(() => describePoint(point), northern, withFocus);
    map.once('popupclose', removeAnswer);
  }

  /** Answer every click that no other layer handles. */
  function startClicks(map) {
    map.on('click', (event) => {
      const { lat, lng } = event.latlng;
      if ((event.sourceTarget ?? map) === map) openPoint(geobuffer.makePlace([lat, lng]));
    });
  }

  Object.assign(geobuffer, { startClicks, openPoint });
})(window.geobuffer);
