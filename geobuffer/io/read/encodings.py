"""Detect the encoding of a text: by its byte order mark, as UTF-8, or by the words that result.

The library chardet compares candidates by their pairs of letters. We multiply its likelihood by how
common an encoding is in tables, and by how few words it breaks. A word is broken by a sign within
it, by letters of two scripts, or by a capital after a small letter. Quotes, dashes and № beside a
word do not break it. The README of the benchmarks shows how often the choice is right, by language
and code page.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import chardet

from geobuffer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

# The candidates, and roughly how common they are in tables of today: encodings of Windows; of Unix;
# of DOS, which Excel still offers as "CSV (MS-DOS)"; of old Macintosh computers and others. If
# several candidates give the same text, we name the first one.
_COMMONNESS = {
    **dict.fromkeys(("cp1251", "cp1252"), 1.0),
    **dict.fromkeys(("koi8-u", "iso8859-15"), 0.97),
    **dict.fromkeys(("cp1254", "iso8859-9"), 0.94),
    **dict.fromkeys(("cp1253", "iso8859-7", "cp1125", "cp866"), 0.9),
    **dict.fromkeys(("cp1250", "iso8859-2", "gb18030", "mac-cyrillic"), 0.88),
    **dict.fromkeys(("cp1257", "iso8859-13", "cp852", "cp850", "cp857", "cp737"), 0.8),
    **dict.fromkeys(("cp949", "cp932", "big5hkscs"), 0.75),
    **dict.fromkeys(("cp1255", "cp1256", "iso8859-5"), 0.6),
    **dict.fromkeys(("iso8859-6", "cp874"), 0.5),
    "euc_jis_2004": 0.3,
}
_CANDIDATES = tuple(_COMMONNESS)

# How common an encoding is counts less in longer texts: half as much with this many words as with
# one word, but never less than this share.
_PRIOR_WORDS = 10
_PRIOR_SHARE = 0.3

# A break in every word makes a candidate eleven times less likely; a break in every tenth word
# makes it half as likely.
_BREAK_COST = 10

# A candidate with less than this share of the best likelihood of letters is never the right one.
_POSSIBLE = 0.2

# We report another candidate if its likelihood is more than this share of the best one.
_UNSURE = 0.85

# A text has two encodings if each one breaks most words of the other part, and nearly no words of
# its own part.
_MOSTLY_BROKEN = 0.5
_HARDLY_BROKEN = 0.1

# A text is read in parts of this size.
_PART_BYTES = 1 << 20
# How much of the lines beyond ASCII we keep of a long text: more lines change no answer.
_SAMPLE_BYTES = 1 << 23
# chardet reads only the first 16 kB of a text. We pass it this many pieces of this size. Lines in
# ASCII in them show the language, but too many would hide the other letters.
_WINDOWS = 8
_WINDOW_BYTES = 12_000
_ASCII_BYTES = 4_000
_ASCII_SHARE = 20
# How many lines in UTF-8 we test in another encoding.
_UTF8_LINES = 10_000
# How many different words beyond ASCII we test for breaks.
_SAMPLE_WORDS = 5_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # The mark of UTF-32 comes first, because it begins with the mark of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Old encodings, and the larger ones that contain them.
_PARTS = {
    "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "big5": "big5hkscs",
    "cp950": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859_1": "cp1252",
    "koi8_r": "koi8_u",
}  # fmt: skip

# How many times more likely an encoding is if a file states it. In short texts the factor is
# larger, up to its third power for a single word.
_STATED = 2.0

# Up to this many letters may be valid UTF-8 by chance.
_FEW_LETTERS = 4

# Codecs of Python that are not encodings of files.
_NOT_PLAIN = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape",
              "raw-unicode-escape")  # fmt: skip

# The encodings that need no note to the user.
_EXPECTED = ("utf-8", "utf-8-sig")

# A word with bytes beyond ASCII. The second byte of a letter of East Asia may be any of these.
_WORD = re.compile(rb"[@-~]*[\x80-\xff][@-~\x80-\xff]*")


# The first bytes of a letter in UTF-8 at the end of a line: programs that cut a text to the width
# of its field may cut a letter.
_CUT_LETTER = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\n")

# Whether the first letter beyond ASCII may be UTF-8: a quick check, which most other lines fail.
_LIKE_UTF8 = re.compile(rb"[\x00-\x7f]*+[\xc2-\xf4][\x80-\xbf]")


class Encoding(NamedTuple):
    """The encoding of a text, and how sure we are of it."""

    name: str
    """The name of the codec in Python."""
    alternative: str = ""
    """Another encoding whose words look about as likely; or an empty text."""
    example: tuple[str, str] = ("", "")
    """A word of the text in each of the two."""
    mixed_lines: tuple[int, int] | None = None
    """A line in UTF-8 and a line in ``name``, counted from 1, if the text has lines of both."""

    def describe(self) -> str:
        """Return a note to the user, empty for UTF-8.

        Examples
        --------
        >>> Encoding("cp1252", "cp1254", ("Þýrnak", "Şırnak")).describe()[:58]
        'read as cp1252, but it may be cp1254: Þýrnak would be Şırn'
        """
        if self.name in _EXPECTED:
            return ""
        if self.alternative:
            one, other = self.example
            return (
                f"read as {self.name}, but it may be {self.alternative}: {one} would be {other}. "
                f"encoding= states which; UTF-8 needs no such guess."
            )
        return (
            f"read as {self.name}; if letters look wrong, state the encoding with encoding=, or "
            "save it as UTF-8."
        )


def choose_encoding(parts: Iterable[bytes], stated: str | None, name: str, notes: list[str]) -> str:
    """Choose the encoding for reading a text, and add a note unless it is UTF-8.

    Parameters
    ----------
    parts
        The text, in parts of any length.
    stated
        The encoding that the caller states, which we do not check; ``None`` to detect it.
    name
        The name of the file, for messages.
    notes
        Notes to the user.

    Raises
    ------
    DataError
        Lines of the text are in different encodings.

    Examples
    --------
    >>> choose_encoding(["Суми".encode()], None, "towns.csv", [])
    'utf-8'
    """
    if stated is not None:
        return stated
    found = find_encoding(parts)
    if found.mixed_lines:
        one, other = found.mixed_lines
        raise DataError(
            f"Unreadable {name}: line {one} is UTF-8, but line {other} is not; it seems to be "
            f"{found.name}. Save all lines as UTF-8, or state one encoding with encoding=."
        )
    if note := found.describe():
        notes.append(note)
    return found.name


def compare_encodings(text: bytes, stated: str) -> Encoding:
    """Return the encoding of a text that states one, which may be wrong.

    Parameters
    ----------
    text
        The text.
    stated
        The codec that is stated, or an empty text. We choose it if it gives well-formed words.

    Examples
    --------
    >>> compare_encodings("Суми, Хотінь".encode("cp1251"), "utf-8").name
    'cp1251'
    >>> compare_encodings("Žilina, Čadca".encode("cp852"), "cp852").name
    'cp852'
    """
    lines = _read_lines(text)
    if lines.utf8.first and lines.others.first:
        uncut = _CUT_LETTER.sub(b"\n", text)
        if not (whole := _read_lines(uncut)).others.first:
            text, lines = uncut, whole
    if not lines.others.first:
        words = _list_words(text)
        # A few letters of another encoding may be valid UTF-8.
        if (
            stated
            and sum(not sign.isascii() for sign in words.decode("utf-8", "ignore")) < _FEW_LETTERS
        ):
            in_stated, in_utf8 = (
                _count_breaks(words.decode(encoding, "replace")) for encoding in (stated, "utf-8")
            )
            return Encoding(stated if in_stated <= in_utf8 else "utf-8")
        return Encoding("utf-8")
    return _compare_lines(lines, stated)


def _read_lines(text: bytes) -> _Lines:
    lines = _Lines()
    lines.add(text)
    lines.end()
    return lines


def check_encoding(stated: str) -> str:
    """Return the codec of an encoding that the caller states.

    Raises
    ------
    DataError
        There is no encoding of texts with that name.

    Examples
    --------
    >>> check_encoding("Windows-1251")
    'cp1251'
    """
    try:
        codec = codecs.lookup(stated)
        # Some codecs change bytes to bytes, and some change texts to other texts.
        is_plain = "Суджа".encode().decode(codec.name, "replace") and codec.name not in _NOT_PLAIN
    except (LookupError, UnicodeError, ValueError):
        is_plain = False
    if not is_plain:
        raise DataError(
            f"Invalid encoding {stated!r}. Must be the name of one, such as 'utf-8', 'cp1251', "
            "'cp1250', 'koi8-u' or 'gb18030'.",
            parameter="encoding",
        )
    return codec.name


def needless_encoding_error(stated: str, name: str) -> DataError:
    """Return the error for an encoding that is stated for a file that needs none."""
    return DataError(
        f"Invalid encoding {stated!r}: {name} is neither a text table nor a Shapefile, so its "
        "encoding is known. Leave encoding= out.",
        parameter="encoding",
    )


def detect_encoding(data: bytes) -> str:
    """Return the name of the encoding of a text.

    Examples
    --------
    >>> detect_encoding("Суджа".encode("cp1251")), detect_encoding("Суджа".encode())
    ('cp1251', 'utf-8')
    """
    return find_encoding([data]).name


def find_encoding(parts: Iterable[bytes]) -> Encoding:
    r"""Return the encoding of a text that is read part by part, and how sure we are of it.

    We read the whole text, because every line must be valid UTF-8. Memory is bounded.

    Parameters
    ----------
    parts
        The text, in parts of any length.

    Examples
    --------
    >>> find_encoding(["ТОВ «Юнаківка»".encode("cp1251")]).name
    'cp1251'
    >>> find_encoding(["Суми\n".encode(), "Юнаківка\n".encode("cp1251")]).mixed_lines
    (1, 2)
    """
    parts = iter(parts)
    first = next(parts, b"")
    for mark, encoding in _BOMS:
        if first.startswith(mark):
            return Encoding(encoding)
    if wide := detect_utf16(first[:_PART_BYTES]):
        return Encoding(wide)
    lines = _Lines()
    for part in chain([first], parts):
        for start in range(0, len(part), _PART_BYTES):
            lines.add(part[start : start + _PART_BYTES])
    lines.end()
    return _compare_lines(lines)


def detect_utf16(data: bytes) -> str:
    """Return the kind of UTF-16 or UTF-32 of a text without a byte order mark, or an empty text.

    In UTF-16 one of the two bytes of each digit and separator is zero, in UTF-32 three of four, and
    the decoded text can be printed.

    Examples
    --------
    >>> detect_utf16("Суджа;51".encode("utf-16-le")), detect_utf16(b"Sudzha;51")
    ('utf-16-le', '')
    """
    for encoding, width, place in (
        ("utf-32-le", 4, 3), ("utf-32-be", 4, 0), ("utf-16-le", 2, 1), ("utf-16-be", 2, 0),
    ):  # fmt: skip
        sample = data[: len(data) // width * width]
        zeros = sample[place::width]
        # The highest byte of UTF-32 is always zero.
        if zeros.count(0) * 10 > len(zeros) * (9 if width == 4 else 1):
            text = sample.decode(encoding, "ignore")
            # Text in another encoding has few valid characters in UTF-32, so little would be left.
            if len(text) * width * 2 > len(sample) and all(
                sign.isprintable() or sign in "\t\r\n\ufeff" for sign in text
            ):
                return encoding
    return ""


class _Lines:
    """The lines of a text that is read part by part: those in ASCII, in UTF-8, and the others.

    We keep a sample of each kind. Samples beyond ASCII are spread over the whole text.
    """

    def __init__(self) -> None:
        self.ascii, self.utf8, self.others = b"", _Sample(), _Sample()
        self._count, self._rest = 0, b""

    def add(self, part: bytes) -> None:
        """Add a part of the text."""
        part = self._rest + part
        # We read a very long line in pieces, because joining it would copy it for each part.
        end = part.rfind(b"\n") + 1 or (len(part) if len(part) > _SAMPLE_BYTES else 0)
        self._rest = part[end:]
        self._add_lines(part[:end])

    def end(self) -> None:
        """Add the last line. If the end of the text cuts a letter in UTF-8, the line is UTF-8."""
        last, self._rest = self._rest, b""
        try:
            last.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and error.start:
                last = last[: error.start]
        self._add_lines(last)

    def _add_lines(self, text: bytes) -> None:
        whole = text.isascii() or _is_utf8(text)
        if text.isascii():
            self._add_ascii(text)
        if text.isascii() or (whole and self.utf8.seen > _UTF8_LINES):
            # These lines need no single numbers, so we only count them.
            self._count += text.count(b"\n") or text.count(b"\r")
            return
        for number, line in enumerate(text.splitlines(keepends=True), self._count + 1):
            self._count = number
            if line.isascii():
                self._add_ascii(line)
            elif whole or (_LIKE_UTF8.match(line) and _is_utf8(line)):
                self.utf8.add(line, number)
            else:
                self.others.add(line, number)

    def _add_ascii(self, text: bytes) -> None:
        if (room := _ASCII_BYTES - len(self.ascii)) > 0:
            self.ascii += text[:room]


class _Sample:
    """Lines of one kind: the number of the first, and a part of them, of limited size."""

    def __init__(self) -> None:
        self.first = 0
        self._lines: list[bytes] = []
        self.seen, self._size, self._step = 0, 0, 1

    def add(self, line: bytes, number: int) -> None:
        """Add a line. When there are too many lines, drop every second one."""
        self.first = self.first or number
        if self.seen % self._step == 0:
            self._lines.append(line)
            self._size += len(line)
            if self._size > _SAMPLE_BYTES and len(self._lines) > 1:
                self._lines = self._lines[::2]
                self._size = sum(map(len, self._lines))
                self._step *= 2
        self.seen += 1

    @property
    def text(self) -> bytes:
        return b"".join(self._lines)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _compare_lines(lines: _Lines, stated: str = "") -> Encoding:
    """Return the encoding of a text by its lines in UTF-8 and its other lines."""
    if not lines.others.first:
        return Encoding("utf-8")
    found = _guess_encoding(lines.others.text, lines.ascii, stated)
    if lines.utf8.first:
        # A short line in another encoding may be valid UTF-8 by chance, but has good words there.
        words = _list_words(lines.utf8.text)
        if (
            _count_breaks(words.decode(found.name, "replace")) >= _MOSTLY_BROKEN
            and _count_breaks(words.decode("utf-8", "replace")) <= _HARDLY_BROKEN
        ):
            return found._replace(mixed_lines=(lines.utf8.first, lines.others.first))
    return found


def _guess_encoding(text: bytes, plain: bytes, stated: str) -> Encoding:
    """Return the encoding that gives the best words for lines that are not Unicode."""
    words = _list_words(text)
    # Candidates with the same text count as one: the likeliest gives the score, the first the name.
    names: dict[str, str] = {}
    scores: dict[str, float] = {}
    for one, likelihood in _list_likelihoods(
        _list_windows(text, plain), stated, words.count(b"\n") + 1
    ):
        decoded = words.decode(one, "replace")
        name = names.setdefault(decoded, one)
        scores[name] = max(scores.get(name, 0.0), likelihood)
    if not names:
        return Encoding(stated or _CANDIDATES[0])
    for decoded, one in names.items():
        scores[one] /= 1 + _BREAK_COST * _count_breaks(decoded)
    name, *others = sorted(scores, key=scores.__getitem__, reverse=True)
    if others and scores[others[0]] >= _UNSURE * scores[name]:
        return Encoding(name, others[0], _find_difference(words, name, others[0]))
    return Encoding(name)


def _list_windows(text: bytes, plain: bytes) -> list[bytes]:
    """Return pieces of a text, spread over all of it, each with some plain lines."""
    count = min(-(-len(text) // _WINDOW_BYTES), _WINDOWS)
    windows = []
    for number in range(count):
        start = text.rfind(b"\n", 0, number * len(text) // count) + 1
        piece = text[start : start + _WINDOW_BYTES]
        # A piece ends at the end of a line, so that no letter is cut.
        piece = piece[: piece.rfind(b"\n") + 1] or piece if len(text) > len(piece) else piece
        windows.append(plain[: min(_ASCII_SHARE * len(piece), _ASCII_BYTES)] + piece)
    return windows


def _list_likelihoods(windows: list[bytes], stated: str, words: int) -> list[tuple[str, float]]:
    """Return the codecs in which a text may be, the stated one first, and how likely they are.

    The more words there are, the less it counts how common a codec is.
    """
    likely: dict[str, float] = {}
    for window in windows:
        for one in chardet.detect_all(
            window, ignore_threshold=True, compat_names=False, include_encodings=_CANDIDATES
        ):
            codec = str(one["encoding"]).replace("-", "_")
            likely[codec] = likely.get(codec, 0.0) + one["confidence"] / len(windows)
    if not likely:
        return []
    least = _POSSIBLE * max(likely.values())
    codecs_of = {one.replace("-", "_"): weight for one, weight in _COMMONNESS.items()}
    prior = max(_PRIOR_WORDS / (_PRIOR_WORDS + words - 1), _PRIOR_SHARE)
    listed = [
        (one, likely[one] * weight**prior)
        for one, weight in codecs_of.items()
        if likely.get(one, 0.0) >= least
    ]
    if stated in {"", "utf-8"}:
        return listed
    whole = _PARTS.get(stated, stated)
    # chardet cannot judge an encoding that is not a candidate, so it gets the best likelihood.
    letters = max(likely.get(whole, 0.0), least) if whole in codecs_of else max(likely.values())
    return [(stated, letters * _STATED ** (1 + 2 / words)), *listed]


def _list_words(text: bytes) -> bytes:
    """Return the first different words beyond ASCII of a text, one a line."""
    found: dict[bytes, None] = {}
    for match in _WORD.finditer(text):
        found[match[0]] = None
        if len(found) == _SAMPLE_WORDS:
            break
    return b"\n".join(found)


def _find_difference(words: bytes, one: str, other: str) -> tuple[str, str]:
    """Return the first word that two encodings read differently, in each of them."""
    pairs = (
        (word.decode(one, "replace"), word.decode(other, "replace")) for word in words.split(b"\n")
    )
    return next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))


def _count_breaks(text: str) -> float:
    r"""Return the number of breaks per word of a text with one word on each line.

    >>> _count_breaks("Юнаківка\n«Вода»\n№"), _count_breaks("®eliv\nПриклаD")
    (0.0, 1.0)
    """
    breaks = len(_BREAK.findall(text.translate(_Kinds.known))) + len(_ALL_ACCENTS.findall(text))
    return breaks / (text.count("\n") + 1)


class _Kinds(dict[int, str]):
    """The kind of each character as one sign: its script, in capitals for a capital letter."""

    known: ClassVar[_Kinds]

    def __missing__(self, code: int) -> str:
        self[code] = kind = _find_kind(chr(code))
        return kind


_Kinds.known = _Kinds()

# Scripts that do not occur together in a word: Latin, Cyrillic, Greek, Hebrew, Arabic, Thai, those
# of East Asia, and any other.
_SCRIPTS = "lcghatzo"
_SCRIPT_NAMES = {
    "LATIN": "l", "CYRILLIC": "c", "GREEK": "g", "HEBREW": "h", "ARABIC": "a", "THAI": "t",
    "CJK": "z", "HIRAGANA": "z", "KATAKANA": "z", "HANGUL": "z", "IDEOGRAPHIC": "z",
    "HALFWIDTH": "z", "FULLWIDTH": "z", "KATAKANA-HIRAGANA": "z",
}  # fmt: skip

# Signs that may stand within words; signs that begin a quotation and so follow no letter; signs
# that may stand before or after a word; and signs that never stand beside a letter.
_KINDS_OF_SIGNS = {
    **dict.fromkeys("'’‘ʼ-–—", "-"),
    **dict.fromkeys("‚„¿¡", ","),
    **dict.fromkeys("«»“”…№ºª°±§\xa0", "."),
    **dict.fromkeys("©®™•¶†‡‰€‹›\xad", "?"),
}

# A word of accented Latin letters only: words of other scripts look so in a wrong encoding.
_ALL_ACCENTS = re.compile(r"(?<![^\W\d_])[À-ÖØ-öø-ɏ]{4,}(?![^\W\d_])")

_LETTER = "[lcghatoLCGO]"
_BREAK = re.compile(
    "!"  # no sign at all, or one that draws boxes
    # letters of two scripts
    + "".join(
        f"|[{one}{one.upper()}](?=[{''.join(other for other in both if other.lower() != one)}])"
        for both in [_SCRIPTS + _SCRIPTS.upper()]
        for one in _SCRIPTS
    )
    + "|[lcg](?=[LCG])"  # a capital after a small letter
    + rf"|(?<={_LETTER})[.,?](?={_LETTER})"  # a sign within a word
    + rf"|(?<={_LETTER})[,?]|\?(?={_LETTER})"  # a sign that does not belong there
)


def _find_kind(sign: str) -> str:
    """Return the kind of a character: a script, a sign, or ``!`` if tables never have it."""
    category = unicodedata.category(sign)
    if sign in _KINDS_OF_SIGNS:
        return _KINDS_OF_SIGNS[sign]
    if category[0] in "LM":
        script = _SCRIPT_NAMES.get(unicodedata.name(sign, "").split(" ")[0], "o")
        return script.upper() if category in {"Lu", "Lt"} else script
    if sign.isascii():
        return sign if sign == "\n" else " "
    if category[0] == "C" or sign == "\ufffd" or "\u2500" <= sign <= "\u259f":
        return "!"
    return "." if category[0] in "PZ" else "?"
