"""Every scenario file is read, or raises our error with the file name and the key.

``HYPOTHESIS_PROFILE=thorough`` runs thirty times as many examples, with another seed each time.
"""

import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import geobuffer as gb

_TEXTS = st.sampled_from(["Kursk", "Sumy", "", "Ukraine", "both", "round", "flat", "en", "«»"])
_PLAIN = st.one_of(
    _TEXTS, st.text(max_size=8), st.integers(), st.floats(), st.booleans(),
    st.dates(), st.datetimes(timezones=st.just(dt.UTC)), st.times(),
)  # fmt: skip
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_TEXTS | st.sampled_from(["en", "uk", "ru"]), inner, max_size=3)
    ),
    max_leaves=6,
)

_KEYS = (
    "title", "summary", "announced_by", "announced_on", "zone", "report", "place", "between", "and",
    "side", "km", "ends", "date", "said_by", "claim", "url", "name", "hromada",
)  # fmt: skip

# A valid file. The values below replace some of its values.
_SOUND = {
    "title": "A zone", "announced_on": dt.date(2025, 5, 22), "announced_by": "Somebody",
    "zone": {"between": ["Kursk"], "and": "Sumy", "km": [5, 10], "side": "Ukraine"},
    "report": [{"claim": "It was said.", "date": dt.date(2025, 5, 22)}],
    "place": [{"name": "Юнаківка", "hromada": "Юнаківська"}],
}  # fmt: skip


def _toml(value):
    """Return a value as one line of TOML."""
    if isinstance(value, dict):
        pairs = (f"{_quoted(key)} = {_toml(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    return repr(value)


def _quoted(text):
    return '"' + "".join(f"\\U{ord(sign):08x}" for sign in text if sign.isprintable()) + '"'


@st.composite
def files(draw):
    """A valid scenario with some of its values replaced, removed or added."""
    content = {
        key: dict(v) if isinstance(v, dict) else [dict(e) for e in v] if isinstance(v, list) else v
        for key, v in _SOUND.items()
    }
    for _ in range(draw(st.integers(0, 3))):
        table = draw(st.sampled_from([content, content["zone"], *content["report"]]))
        if not isinstance(table, dict):
            continue
        key = draw(st.sampled_from(_KEYS) | st.sampled_from(sorted(table) or ["title"]))
        if draw(st.booleans()) and key not in {"zone", "report"}:
            table.pop(key, None)
        elif key not in {"zone", "report"} or table is not content:
            table[key] = draw(_VALUES)
    replaced = draw(st.sampled_from([None, "zone", "report", "place"]))
    if replaced:
        content[replaced] = draw(_VALUES)
    return "\n".join(f"{key} = {_toml(value)}" for key, value in content.items())


def _load(data, language):
    """Load a scenario from bytes; return None if it is refused with the right error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "zone.toml")
        path.write_bytes(data)
        try:
            return gb.load_scenario(path, language=language)
        except gb.DataError as error:
            assert "zone.toml" in str(error), error  # noqa: PT017 - another error is a failure
            return None


@given(text=files(), language=st.sampled_from(["en", "uk", "ru"]))
@settings(max_examples=settings().max_examples * 5)  # each takes some milliseconds
def test_a_scenario_is_read_or_refused_by_name(text, language):
    scenario = _load(text.encode(), language)
    if scenario is None:
        return
    texts = (
        scenario.title,
        scenario.summary,
        scenario.announced_by,
        scenario.side,
        *scenario.notes,
    )
    assert all(isinstance(one, str) for one in texts)
    assert all(isinstance(name, str) and name for name in scenario.between + scenario.other)
    assert all(isinstance(km, float) for km in scenario.km)
    assert scenario.ends in {"round", "flat"}


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
@settings(max_examples=settings().max_examples * 5)
def test_invalid_scenarios_raise_an_error_that_names_the_file(data):
    assert _load(data, "en") is None
