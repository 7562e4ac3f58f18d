import numpy as np
import pytest
import shapely

from geobuffer.chords import Chords
from geobuffer.geodesy import ecef, inverse, pieces_of


@pytest.mark.parametrize("seed", range(6))
def test_the_nearest_piece_is_among_a_few_candidates(seed):
    rng = np.random.default_rng(seed)
    line = np.array([30.0, 50.0]) + np.cumsum(rng.normal(0.0, 0.05, (60, 2)), axis=0)
    pieces = pieces_of([shapely.LineString(line)])
    lon, lat = rng.uniform(25.0, 35.0, 50), rng.uniform(45.0, 55.0, 50)
    found = Chords(pieces).near(ecef(lon, lat))
    assert (np.diff(found.point) >= 0).all()
    every = np.arange(len(pieces.lon))
    # Geodesics to eleven points of every piece, the one nearest to it among them.
    feet = [pieces.at(every, np.full(len(every), share)) for share in np.linspace(0.0, 1.0, 11)]
    for point in range(50):
        to_feet = [inverse(lon[point], lat[point], *foot)[2] for foot in feet]
        away = np.min(to_feet, axis=0)
        mine = found.piece[found.point == point]
        # The nearest of those points is at most a twentieth of a piece farther than the foot is.
        assert away[mine].min() == pytest.approx(away.min(), abs=50.0)
        assert found.chord_m[point] <= away.min()
        assert len(mine) < len(every) / 10


def test_a_point_is_its_own_foot_and_a_short_line_one_piece():
    dot = Chords(pieces_of([shapely.Point(30.0, 50.0)])).near(ecef([30.1], [50.0]))
    assert (dot.piece.tolist(), dot.share.tolist()) == ([0], [0.0])
    line = shapely.LineString([(30.0, 50.0), (30.0, 50.001)])
    dash = Chords(pieces_of([line])).near(ecef([30.0], [50.0004]))
    assert dash.piece.tolist() == [0]
    assert dash.share == pytest.approx([0.4], abs=1e-6)
