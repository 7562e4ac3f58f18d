import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geobuffer.ragged import least, numbered


@given(st.lists(st.integers(0, 5)))
def test_members_are_numbered_within_their_group(sizes):
    wanted = [number for size in sizes for number in range(size)]
    assert numbered(np.array(sizes, dtype=np.int64)).tolist() == wanted


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1), min_size=1))
def test_the_least_of_each_group(groups):
    group = np.repeat(np.arange(len(groups)), [len(values) for values in groups])
    assert least(np.concatenate(groups), group).tolist() == [min(values) for values in groups]
