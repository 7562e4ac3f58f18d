"""The law: polygon and membership of every kind of zone agree, beyond the error that it states.

``HYPOTHESIS_PROFILE=thorough`` tries 2,000 seeds. A seed that fails becomes a case, see
:mod:`support.law`; so does any fault that is found elsewhere: a file with the plan of the zone, and
what is expected of it by a computation without geobuffer.
"""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import shapely
from support import law

import geobuffer as gb

CASES = Path(__file__).parent / "cases"

# All kinds of zones come in turns. Five turns take 13 s of processor time.
TURN = len(law.ZONES)
TURNS = 125 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 5


def _keep_law(plan, seed, *, strict=False):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The edges of the zone lie up to|.*read as crossing")
        zone = law.build(plan)
    assert shapely.is_valid(zone.polygon), shapely.is_valid_reason(zone.polygon)
    points, off_m = law.find_breaches(plan, zone, np.random.default_rng(seed), strict=strict)
    assert not len(points), (
        f"seed {seed}: {len(points)} points drawn on the wrong side, up to {off_m.max():g} m from "
        f"the edge, at {points[off_m.argmax()]}; error_m is {zone.error_m:g}"
    )
    return zone


@pytest.mark.parametrize("turn", range(TURNS))
def test_polygon_and_membership_agree(turn):
    for seed in range(turn * TURN, turn * TURN + TURN):
        _keep_law(law.draw_plan(seed), seed)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    plan, expected = case["plan"], case.get("expect", {})
    if "refused" in expected:
        with pytest.raises(gb.GeometryError, match=expected["refused"]):
            law.build(plan)
        return
    zone = _keep_law(plan, case.get("seed", 0), strict=case.get("strict", False))
    if "area_km2" in expected:
        share = expected.get("area_share", 1e-4)
        assert zone.area_km2 == pytest.approx(expected["area_km2"], rel=share)
    if "most_vertices" in expected:
        assert shapely.get_num_coordinates(zone.polygon) <= expected["most_vertices"]
    if "length_km" in expected:
        length = law.border_of(plan).length_km
        assert length == pytest.approx(expected["length_km"], rel=1e-6)
    for point in expected.get("points", []):
        found = gb.answer(point["lon"], point["lat"], zone)
        assert (found.ring >= 0) == point["inside"], point
        if "distance_km" in point:
            assert found.distance_km == pytest.approx(point["distance_km"], abs=1e-6), point
