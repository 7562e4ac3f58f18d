"""Every command that writes CSV writes it for the locale of a reader."""

import re
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command", [["settlements", "--all"], ["exposure"], ["curve"], ["bulk", "towns.csv", "out.csv"]]
)
def test_csv_for_a_locale(run, here, command):
    Path("towns.csv").write_text("name,code,lat,lon\nA,38640101001,51.1,35.0\n")
    out = [] if command[0] == "bulk" else ["--out", "out.csv"]
    width = [] if command[0] == "curve" else ["--km", "10"]
    own = [] if command[0] == "bulk" else ["--places", "towns.csv"]
    code, _, err = run(*command, *own, *width, *out, "--csv-locale", "uk")
    assert (code, err.count("note")) == (0, err.count("geobuffer:"))
    header, row = Path("out.csv").read_text("utf-8-sig").splitlines()[:2]
    assert header.count(";") == row.count(";") - row.count("; ") >= 5
    assert re.search(r"\d,\d", row)
    if command[0] in {"settlements", "bulk"}:
        assert '"=""38640101001"""' in row
    code, _, err = run(*command, *own, *width, *out, "--csv-locale", "xx")
    assert (code, "Invalid --csv-locale 'xx'" in err) == (2, True)
    if out:
        code, _, err = run(*command, *own, *width, "--csv-locale", "uk")
        assert (code, "--csv-locale uk. Must come with --out" in err) == (2, True)
