"""Encodings are found of tables of real names: a fixed sample of ``benchmarks/encodings.py``."""

import json
import random
import time
from pathlib import Path

import pytest
from support.place_tables import PAGES, choose_names, has_right_names, make_table

from geobuffer.errors import DataError
from geobuffer.io.read.dbase import find_dbase_encoding
from geobuffer.io.read.encodings import compare_encodings, find_encoding

# Sixty names of each of twelve languages.
NAMES = json.loads(Path(__file__).with_name("place_names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", [one for one in NAMES if one != "source"])
def test_the_encoding_of_real_names_is_found(language):
    tried, wrong = 0, []
    for page in PAGES[language].split():
        names = choose_names(NAMES[language], page)
        for rows in (3, 10, 40) if names else ():
            for seed in range(4):
                table = make_table(language, page, names, rows, seed)
                found = find_encoding([table.data])
                tried += 1
                if not has_right_names(table, found.name):
                    wrong.append((page, rows, seed, found))
    assert tried >= 12
    assert len(wrong) <= 0.02 * tried, wrong
    assert all(found.alternative for *_, found in wrong), "an unsure choice names another"
    # Tables of Windows of ten rows and more leave no doubt which to read.
    assert not [one for one in wrong if one[0].startswith("cp125") and one[1] >= 10]


def test_a_long_text_is_read_part_by_part_in_little_time():
    row = "Юнаківка;ТОВ «Юнаківка»;51,0912;34,9934\n".encode("cp1251")
    plain = b"Yunakivka;51.0912;34.9934\n"
    parts = (plain * 40_000 if n < 20 else row * 25_000 for n in range(40))
    start = time.perf_counter()
    assert find_encoding(parts).name == "cp1251"
    assert time.perf_counter() - start < 20, "40 MB take some tenths of a second"


def test_the_last_line_of_a_long_text_counts():
    parts = ["Суми;51\n".encode() * 100_000, "Хотінь;51\n".encode("cp1251")]
    assert find_encoding(parts).mixed_lines == (1, 100_001)


def test_a_letter_that_parts_cut_is_whole():
    data = "Суми;51\n".encode() * 1000
    assert find_encoding(data[at : at + 7] for at in range(0, len(data), 7)).name == "utf-8"


def test_any_bytes_have_an_encoding_and_raise_no_other_error():
    rng = random.Random(3)  # noqa: S311 - no secret
    for _ in range(60):
        draw = (59, 10, 13, 0x1B, 0xD9, rng.randrange(256), rng.randrange(128, 256))
        data = bytes(rng.choice(draw) for _ in range(rng.choice((0, 1, 2, 3, 10, 40, 400))))
        "".encode(find_encoding([data[:5], data[5:]]).name)
        for stated in ("", "utf-8", "cp1258", "mac_roman", "hz"):
            "".encode(compare_encodings(data, stated).name)
        try:
            find_dbase_encoding(data, rng.choice((None, b"x", b"\xff", b"1251")), "file", [])
        except DataError as error:
            assert "UTF-8" in str(error)  # noqa: PT017 - only some of the bytes raise it
