"""In which encoding a text is: by its byte order mark, as UTF-8, or by what reads as words."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

# The encodings in which Cyrillic tables come, the commonest first: Windows, Unix, DOS.
_CYRILLIC = ("cp1251", "koi8_u", "cp866")

# Those of other scripts: of Windows, which most tables come from, and of East Asia.
_OTHERS = (
    "cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp949", "cp932",
    "gb18030", "big5", "euc_jp",
)  # fmt: skip

# Western and Central Europe.
_LATIN = ("cp1252", "cp1250")

# In real text this share of the words that are not plain ASCII are whole words of one script, and
# in a wrong encoding far fewer are: measured on names of villages in all of these encodings.
_WORDS = 0.9

# So much text tells as well as all of it.
_SAMPLE_BYTES = 200_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# A word that has letters beyond ASCII.
_WORD = re.compile(r"[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*")
_CYRILLIC_WORD = re.compile(r"[А-ЯЁІЇЄҐЎ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐЎ]+")

# Signs that stand in no name, but all over Cyrillic that was decoded wrongly.
_ODD = re.compile(r"[\x80-\x9f\u2500-\u259f¤¦©«¬®±µ¶·‡†‰‹›™]")


def detect_encoding(data: bytes) -> str:
    """Return the name of the encoding that a text is in.

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
        # A text that was cut off within a letter.
        if error.reason == "unexpected end of data" and error.start > len(data) - 4 and error.start:
            return "utf-8"
    else:
        return "utf-8"
    told = b"\n".join(line for line in data.splitlines() if not line.isascii())
    return _guess_encoding(told[:_SAMPLE_BYTES])


def _guess_encoding(data: bytes) -> str:
    """Return the encoding in which a text that is no Unicode reads as words."""
    share, cyrillic = max((_share_of_words(data, e), -i, e) for i, e in enumerate(_CYRILLIC))[::2]
    if share >= _WORDS:
        return cyrillic
    found = charset_normalizer.from_bytes(data, cp_isolation=list(_OTHERS)).best()
    if found is None or found.encoding in _LATIN:
        # They differ in few letters, and where one is wrong it has signs within words.
        return min(_LATIN, key=lambda encoding: _count_signs(data.decode(encoding, "replace")))
    return found.encoding


def _count_signs(text: str) -> int:
    return sum(1 for sign in text if sign > "\x7f" and not sign.isalpha())


def detect_utf16(data: bytes) -> str:
    """Return which UTF-16 a text is in that does not say so; empty if it is in none.

    Of its digits and separators one byte in two is zero, and all of it can be printed.

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
