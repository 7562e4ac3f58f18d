"""Detect the encoding of a text: by its byte order mark, as UTF-8, or by what reads as words."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

# The encodings of Cyrillic tables, the commonest first: Windows, Unix, DOS.
_CYRILLIC = ("cp1251", "koi8_u", "cp866")

# The encodings of other scripts: of Windows, where most tables come from, and of East Asia.
_OTHERS = (
    "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp949", "cp932",
    "gb18030", "big5", "euc_jp",
)  # fmt: skip

# Western and Central Europe.
_LATIN = ("cp1252", "cp1250")

# In a real text, at least this share of the words beyond ASCII are whole words of one script. In a
# wrong encoding far fewer are. We measured it on names of villages in all of these encodings.
_WORDS = 0.9

# A sample of this size gives the same answer as the whole text.
_SAMPLE_BYTES = 200_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# A word with letters beyond ASCII.
_WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_CYRILLIC_WORD = re.compile(r"[А-ЯЁІЇЄҐЎ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐЎ]+")

# Signs that occur in no name, but often in Cyrillic text in a wrong encoding.
_ODD = re.compile(r"[\x80-\x9f\u2500-\u259f¤¦©«¬®±µ¶·‡†‰‹›™]")


def detect_encoding(data: bytes) -> str:
    """Return the name of the encoding of a text.

    Examples
    --------
    >>> detect_encoding("Суджа".encode("cp1251")), detect_encoding("Суджа".encode())
    ('cp1251', 'utf-8')
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    if wide := detect_utf16(data):
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end within a letter.
        if error.reason == "unexpected end of data" and error.start > len(data) - 4 and error.start:
            return "utf-8"
    else:
        return "utf-8"
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())
    return _guess_encoding(sample[:_SAMPLE_BYTES])


def _guess_encoding(data: bytes) -> str:
    """Return the encoding in which a text that is not Unicode reads as words."""
    share, cyrillic = max((_share_of_words(data, e), -i, e) for i, e in enumerate(_CYRILLIC))[::2]
    if share >= _WORDS:
        return cyrillic
    found = charset_normalizer.from_bytes(data, cp_isolation=list(_OTHERS)).best()
    if found is None or found.encoding in _LATIN:
        # The two differ in few letters, and the wrong one has signs within words.
        return min(_LATIN, key=lambda encoding: _count_signs(data.decode(encoding, "replace")))
    return found.encoding


def _count_signs(text: str) -> int:
    return sum(1 for sign in text if sign > "\x7f" and not sign.isalpha())


def detect_utf16(data: bytes) -> str:
    """Return the kind of UTF-16 of a text without a byte order mark, or an empty text.

    In UTF-16 one of the two bytes of each digit and separator is zero, and the decoded text can be
    printed.

    Examples
    --------
    >>> detect_utf16("Суджа;51".encode("utf-16-le")), detect_utf16(b"Sudzha;51")
    ('utf-16-le', '')
    """
    sample = data[: len(data) // 2 * 2]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if zeros.count(0) * 10 > len(zeros):
            text = sample.decode(encoding, "ignore")
            if all(sign.isprintable() or sign in "\t\r\n" for sign in text):
                return encoding
    return ""


def _share_of_words(data: bytes, encoding: str) -> float:
    text = data.decode(encoding, "replace")
    words = _WORD.findall(text)
    odd = len(_ODD.findall(text)) + text.count("\ufffd")
    whole = sum(1 for word in words if _CYRILLIC_WORD.fullmatch(word))
    return whole / (len(words) + odd) if words else 0.0
