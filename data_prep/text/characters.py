"""Single characters put right before any word is looked at: mojibake, controls, look-alikes.

Sources: the cp1252 and cp1251 code pages (mojibake is UTF-8 read as one of them), Unicode's
confusables.txt (UTS #39) restricted to the letters of the two languages.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape

LETTER = r"[^\W\d_]"
APOSTROPHES = "'`´ʻʼ‘’‛ʹʽˈ′ʾʿˋˊ＇ꞌ"
"""Code points that are typed for oʻ/gʻ, the tutuq belgisi and single quotation marks."""

_TURKIC = "əƏıİşŞğĞçÇöÖüÜ"
_PUNCTUATION = "‘’“”„–—…•"


def _misread(character: str) -> list[str]:
    """The ways ``character``'s UTF-8 bytes look when read as cp1252, latin-1 or cp1251."""
    raw = character.encode()
    loose = "".join(_byte(b) for b in raw)  # cp1252 with its holes read as latin-1
    forms = [loose, raw.decode("latin-1")]
    try:
        forms.append(raw.decode("cp1251"))
    except UnicodeDecodeError:  # 0x98 has no meaning there: kept as it is, or as cp1252 has it
        for hole in "\x98˜":
            forms.append("".join(hole if b == 0x98 else bytes([b]).decode("cp1251") for b in raw))
    return forms


def _byte(value: int) -> str:
    try:
        return bytes([value]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(value)


def _table(characters: str) -> dict[str, str]:
    return {form: c for c in characters for form in _misread(c)}


def _twice(characters: str) -> dict[str, str]:
    """The same after two misreadings as cp1252 (Ã¢â‚¬â„¢ for ’)."""
    return {"".join(_misread(x)[0] for x in _misread(c)[0]): c for c in characters}


_MOJIBAKE_ANY = (
    _table(_PUNCTUATION)
    | _twice(_PUNCTUATION)
    | {"Â\xa0": " ", "Â«": "«", "Â»": "»", "Â´": "´", "Â\xad": ""}
)
_MOJIBAKE_TURKIC = _MOJIBAKE_ANY | _table(_TURKIC)
# ʻ and ʼ are two bytes; read as cp1251 they are "К»" and "Кј", which Cyrillic text may contain:
# only taken for mojibake right after a Latin letter.
_MODIFIERS = {form: c for c in "ʻʼ" for form in _misread(c) if not form.startswith("К")}
_MOJIBAKE_TURKIC |= _MODIFIERS


def _pattern(table: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(k) for k in sorted(table, key=len, reverse=True)))


_ANY = _pattern(_MOJIBAKE_ANY)
_TURKIC_PATTERN = _pattern(_MOJIBAKE_TURKIC)
_MODIFIER_1251 = re.compile(r"(?<=[A-Za-z])К([»ј])")
_MISREAD_BYTE = re.compile(r"[ÂÃÄÅÆÉÊâГДЕЖЙКв]")  # every key above starts with one of these


def repair_mojibake(text: str, turkic: bool) -> str:
    """UTF-8 that was read as cp1252, latin-1 or cp1251, for quotes, dashes and our letters.

    ``turkic`` adds the two-byte letters (ə ı ş ğ ç ö ü, ʻ, ʼ); other languages get only the
    three-byte punctuation, whose misreadings no language writes.
    """
    if not _MISREAD_BYTE.search(text):
        return text
    if not turkic:
        return _ANY.sub(lambda m: _MOJIBAKE_ANY[m[0]], text)
    text = _MODIFIER_1251.sub(lambda m: "ʻ" if m[1] == "»" else "ʼ", text)
    return _TURKIC_PATTERN.sub(lambda m: _MOJIBAKE_TURKIC[m[0]], text)


_ENTITY = re.compile(
    r"&(?:(?:amp|#0{0,6}38|#[xX]0{0,6}26);)*"
    r"(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[lr][sd]quo|[sb]dquo|sbquo|quot|apos|acute|nbsp|shy|hellip"
    r"|[nm]dash|[lr]aquo|zwnj|zwj|[lr]rm|amp);"
)


def repair_entities(text: str) -> str:
    """HTML references left by escaping twice (o&amp;#8217;zbek), for punctuation and any number.

    Names of other characters (``&euro;``, ``&lt;``) stay: they may be what the text is about.
    """
    return _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(match: re.Match[str]) -> str:
    found = unescape(f"&{match[1]};")
    if found in ("\n", "\r"):
        return " "  # one line stays one line
    return match[0] if found in ("<", ">") else found


class _Clean(dict[int, str]):
    """``str.translate`` table that classifies each code point once, by Unicode category."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Zs", "Zl", "Zp"):
            kept = " "
        elif category in ("Cc", "Cf", "Cs", "Co") or code & 0xFFFE == 0xFFFE:
            kept = ""
        else:
            kept = character
        self[code] = kept
        return kept


# C1 controls are cp1252 punctuation that was read as latin-1; line-breaking controls other
# than \n become spaces, so that one line stays one line for every reader.
_CLEAN = _Clean(
    {0x0A: "\n", 0x09: " ", 0x0B: " ", 0x0C: " ", 0x0D: "\n"}
    | {code: bytes([code]).decode("cp1252") for code in (0x85, *range(0x91, 0x98))}
    | {ord("ﬁ"): "fi", ord("ﬂ"): "fl", ord("ﬀ"): "ff", ord("ﬃ"): "ffi", ord("ﬄ"): "ffl"}
    | {ord("‐"): "-", ord("‑"): "-", ord("﹣"): "-", ord("－"): "-"}
    | {ord(c): "–" for c in "‒—―"}
)


def clean(text: str) -> str:
    """Without control, format, private-use and surrogate characters; every space is U+0020.

    ``\\n`` stays, CR LF and CR become it; hyphens become ``-`` and long dashes ``–``.
    """
    return text.replace("\r\n", "\n").translate(_CLEAN)


_TO_LATIN = dict(zip("АВСЕНІЈКМОРЅТХаеіјкорсухѕһԛԝ", "ABCEHIJKMOPSTXaeijkopcyxshqw", strict=True))
_TO_CYRILLIC = {latin: cyrillic for cyrillic, latin in _TO_LATIN.items() if cyrillic not in "һԛԝѕЅ"}
_AZ_TO_LATIN = _TO_LATIN | dict(zip("әӘэЭөӨүҮ", "əƏəƏöÖüÜ", strict=True))
_AZ_TO_CYRILLIC = _TO_CYRILLIC | dict(zip("əƏhöÖüÜ", "әӘһөӨүҮ", strict=True))
_UZ_LATIN_CYRILLIC = {k: v for k, v in _TO_CYRILLIC.items() if v not in "іІјЈ"}

_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏǝə]")
_WORD = re.compile(rf"{LETTER}+(?:[{APOSTROPHES}]{LETTER}+)*")
_LETTERS_AZ = str.maketrans("ǝƎșȘǧǦ", "əƏşŞğĞ")


# ş and ğ of cp1254 read as cp1250 or cp1252
_MISREAD_AZ = str.maketrans("ţŢþÞðÐ", "şŞşŞğĞ")
_MISREAD_AZ_LETTER = re.compile("[ţŢþÞðÐ]")


def repair_azerbaijani(text: str) -> str:
    """ş and ğ in lines in which every one of them was misread as ţ or þ and ð.

    Only where no real ş or ğ stands beside them and the line has other Azerbaijani letters: a
    Romanian or Icelandic name among Azerbaijani words keeps its letters.
    """
    if not _MISREAD_AZ_LETTER.search(text):
        return text
    return "\n".join(
        line.translate(_MISREAD_AZ)
        if re.search("[əƏıİçÇ]", line) and not re.search("[şŞğĞ]", line)
        else line
        for line in text.split("\n")
    )


def unify_scripts(text: str, language: str) -> str:
    """Look-alike letters of the other script brought into the script of their word.

    A word that mixes Latin and Cyrillic goes to the script of ``language`` if every foreign
    letter in it has a look-alike there, otherwise to the other script if that works, otherwise
    it stays (``Facebookда``: a Cyrillic suffix on a Latin name). A single look-alike letter
    standing alone in a Latin line (``36 °С``) becomes Latin.
    """
    if language == "azj_Latn":
        text = text.translate(_LETTERS_AZ)
    cyrillic_text = language.endswith("_Cyrl")
    if not (_LATIN if cyrillic_text else _CYRILLIC).search(text):
        return text
    to_latin = _AZ_TO_LATIN if language == "azj_Latn" else _TO_LATIN
    to_cyrillic = {"azj_Cyrl": _AZ_TO_CYRILLIC, "uzn_Cyrl": _UZ_LATIN_CYRILLIC}.get(
        language, _TO_CYRILLIC
    )
    lines = text.split("\n")
    return "\n".join(_unify_line(line, cyrillic_text, to_latin, to_cyrillic) for line in lines)


def _unify_line(
    line: str, cyrillic_text: bool, to_latin: dict[str, str], to_cyrillic: dict[str, str]
) -> str:
    latin_line = not cyrillic_text and len(_LATIN.findall(line)) > len(_CYRILLIC.findall(line))

    def word(match: re.Match[str]) -> str:
        text = match[0]
        cyrillic, latin = _CYRILLIC.findall(text), _LATIN.findall(text)
        if not cyrillic:
            return text
        if not latin:
            return to_latin.get(text, text) if latin_line else text
        as_latin = all(c in to_latin for c in cyrillic)
        as_cyrillic = all(c in to_cyrillic for c in latin)
        if cyrillic_text:
            # Latin name + Cyrillic suffix is how Cyrillic text inflects brands: not a mix-up.
            suffixed = re.fullmatch(r"[A-Za-z]{2,}[Ѐ-ԯ]+", text) is not None
            if as_cyrillic:
                return _replace(text, to_cyrillic)
            return _replace(text, to_latin) if as_latin and not suffixed else text
        if as_latin:
            return _replace(text, to_latin)
        return _replace(text, to_cyrillic) if as_cyrillic else text

    return _WORD.sub(word, line)


def _replace(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(c, c) for c in text)
