'use strict';
// Choose where each name stands, so that many have room and none collides with another. A name has
// spots, the best first: a box, perhaps a line that leads to it, and `reach`, the box around both.

(function (geobuffer) {
  const rules = geobuffer.facts.label_rules;
  // How often we try to make room for a name. More tries place only one or two more names.
  const STEPS = 600;
  // A name that replaced another keeps its spot for this many steps, so that the two do not swap for ever.
  const REST = 12;
  // A large prime, to choose among spots in a way that looks random but is always the same.
  const PRIME = 7919;

  function overlap(a, b, [x, y] = [0, 0]) {
    return a.left - x < b.right && b.left < a.right + x && a.top - y < b.bottom && b.top < a.bottom + y;
  }

  /** Return whether a line meets a box (Liang and Barsky, ACM Trans. Graph. 3, 1984). */
  function meets([from, to], box) {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    let [start, end] = [0, 1];
    for (const [step, room] of [[-dx, from.x - box.left], [dx, box.right - from.x],
      [-dy, from.y - box.top], [dy, box.bottom - from.y]]) {
      if (step === 0 && room < 0) return false;
      const share = room / step;
      if (step < 0) start = Math.max(start, share);
      else if (step > 0) end = Math.min(end, share);
      if (start > end) return false;
    }
    return true;
  }

  /** Return whether two lines cross. */
  function crosses([a, b], [c, d]) {
    const turn = (p, q, r) => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
    return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b);
  }

  /** Return a box a little smaller: a line may touch the space above and below the letters. */
  function shrink(box) {
    return { left: box.left, right: box.right, top: box.top + 1, bottom: box.bottom - 1 };
  }

  /** Return whether names at two spots collide: their boxes, their lines, or a line with a box. */
  function collide(a, b) {
    if (!overlap(a.reach, b.reach, rules.air)) return false;
    return overlap(a.box, b.box, rules.air)
      || Boolean(a.line && meets(a.line, shrink(b.box))) || Boolean(b.line && meets(b.line, shrink(a.box)))
      || Boolean(a.line && b.line && crosses(a.line, b.line));
  }

  /** Return the box around boxes. */
  function surround(boxes) {
    const all = (side, choose) => choose(...boxes.map((box) => box[side]));
    return {
      left: all('left', Math.min), right: all('right', Math.max),
      top: all('top', Math.min), bottom: all('bottom', Math.max),
    };
  }

  /** Return the labels that have a spot clear of the fixed ones, with counts of what blocks each spot. */
  function prepare(labels, fixed) {
    const ready = labels.map((label) => Object.assign(label, {
      spot: null,
      rests: -1,
      spots: label.spots.filter((spot) => !fixed.some((other) => collide(spot, other.spot)))
        .map((spot) => ({ ...spot, hits: 0, sum: 0 })),
    })).filter(({ spots }) => spots.length);
    return ready.map((label, number) =>
      Object.assign(label, { number, reach: surround(label.spots.map((spot) => spot.reach)) }));
  }

  /** Count, at the spots of other labels, that this label blocks them (1), or no longer does (-1). */
  function countHits(labels, label, by) {
    for (const other of labels) {
      if (other === label || !overlap(label.spot.reach, other.reach, rules.air)) continue;
      for (const spot of other.spots) {
        if (collide(label.spot, spot)) {
          spot.hits += by;
          // If one label blocks the spot, this is its number.
          spot.sum += by * label.number;
        }
      }
    }
  }

  /** Place a label at a spot, if there is one; return whether it is placed. */
  function place(labels, label, spot) {
    if (!spot) return false;
    label.spot = spot;
    countHits(labels, label, 1);
    return true;
  }

  function isFree(spot) {
    return spot.hits === 0;
  }

  /**
   * Return a spot of a label that only one other label blocks, if that one can move to another spot or
   * is not more important; undefined without such a spot.
   */
  function chooseSwap(labels, label, step) {
    const single = label.spots.filter((spot) => spot.hits === 1);
    const gain = single.find((spot) =>
      labels[spot.sum].spots.some((one) => isFree(one) && !collide(one, spot)));
    if (gain) return gain;
    const weaker = single.filter(({ sum }) => labels[sum].weight <= label.weight && labels[sum].rests < step);
    return weaker[(step * PRIME) % weaker.length];
  }

  /** Make room for labels without a spot: move another label, or remove one that is not more important. */
  function makeRoom(labels, waiting) {
    const queue = [...waiting];
    for (let step = 0; step < STEPS && queue.length; step += 1) {
      const label = queue.shift();
      if (place(labels, label, label.spots.find(isFree))) continue;
      const spot = chooseSwap(labels, label, step);
      if (!spot) {
        queue.push(label);
        continue;
      }
      const other = labels[spot.sum];
      countHits(labels, other, -1);
      other.spot = null;
      place(labels, label, spot);
      label.rests = step + REST;
      if (!place(labels, other, other.spots.find(isFree))) queue.push(other);
    }
  }

  /**
   * Return the labels that have room beside the fixed ones, each with its spot; at most `most`. Labels
   * beside their dots come first, then the shortest lines, because they leave most room for others.
   */
  function arrange(labels, fixed, most = Infinity) {
    const ready = prepare(labels, fixed);
    let left = most;
    let waiting = ready;
    for (const longest of [0, ...rules.leader.lengths]) {
      waiting = waiting.filter((label) => {
        if (left <= 0) return true;
        const spot = label.spots.find((one) => one.length <= longest && isFree(one));
        const isPut = place(ready, label, spot);
        if (isPut) left -= 1;
        return !isPut;
      });
    }
    if (left === Infinity) makeRoom(ready, waiting);
    return ready.filter(({ spot }) => spot);
  }

  Object.assign(geobuffer, { overlap, meets, arrange });
})(window.geobuffer);
