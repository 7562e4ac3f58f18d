// Answer commands of with_turf.py: load, zone, along, membership, distance.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , modules, folder] = process.argv;
const turf = createRequire(`${modules}/package.json`)("@turf/turf");
const read = (name) => readFileSync(`${folder}/${name}`);
const border = JSON.parse(read("turf-line.json"));
const runs = border.type === "LineString" ? [border.coordinates] : border.coordinates;
const parts = runs.map((run) => turf.lineString(run));
const near = { units: "meters" };
const kilometres = { units: "kilometers", steps: 8 };
let points = [];
let zone = null;

const commands = {
  load() {
    const bytes = read("turf-points.bin");
    const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    points = [];
    for (let i = 0; i < numbers.length; i += 2) points.push([numbers[i], numbers[i + 1]]);
  },
  zone() {
    zone = turf.buffer(border, 10, kilometres);
    write(zone);
  },
  along(km) {
    write(turf.buffer(JSON.parse(read("turf-case.json")), Number(km), kilometres));
  },
  membership() {
    zone ??= turf.buffer(border, 10, kilometres);
    answer((point) => (turf.booleanPointInPolygon(point, zone) ? 1 : 0));
  },
  distance() {
    answer((point) => Math.min(...parts.map((p) => turf.pointToLineDistance(point, p, near))));
  },
};

function answer(of) {
  writeFileSync(`${folder}/turf-answers.bin`, new Uint8Array(Float64Array.from(points, of).buffer));
}

function write(shape) {
  writeFileSync(`${folder}/turf-zone.json`, JSON.stringify(shape.geometry));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...given] = line.split(" ");
  commands[command](...given);
  console.log("true");
}
