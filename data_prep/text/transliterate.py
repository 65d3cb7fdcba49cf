"""Between the scripts of one language: Uzbek Cyrillic ↔ Latin, Azerbaijani Cyrillic → Latin.

Rules: Uzbek 1995 alphabet and orthography (е after a vowel or at the start is ``ye``; ц is
``ts`` after a vowel, else ``s``; ъ is ʼ, but vanishes after ў and before iotated vowels; ь
vanishes; сҳ is ``sʼh``, because ``sh`` is ш). Azerbaijani 1991 alphabet against the 1958 one
(and its predecessor's й э ю я). Digraphs are upper case as a whole in a SHOUTED word only:
ШАҲАР → SHAHAR, Шаҳар → Shahar. What is not a letter of the source script stays as it is.
"""

from __future__ import annotations

import re

from data_prep.text.characters import APOSTROPHES
from data_prep.text.lexicon import CYRILLIC_TO_LATIN, LATIN_TO_CYRILLIC
from data_prep.text.quotes import unify_apostrophes

VERSION = "2"
"""Raised when a word may be transliterated differently; see ``versions``."""

_UZ = dict(zip("абвгджзийклмнопрстуфхыэқҳ", "abvgdjziyklmnoprstufxieqh", strict=True))
_UZ |= {"ч": "ch", "ш": "sh", "щ": "sh", "ё": "yo", "ю": "yu", "я": "ya", "ў": "oʻ", "ғ": "gʻ"}
_VOWELS = set("аеёиоуўэюяы")
_UZ_WORD = re.compile("[а-яёўқғҳА-ЯЁЎҚҒҲ]+")
_LONGEST = {
    "cyrillic": max(map(len, CYRILLIC_TO_LATIN)),
    "latin": max(map(len, LATIN_TO_CYRILLIC)),
}


def uz_cyrillic_to_latin(text: str) -> str:
    """Uzbek Cyrillic in the 1995 Latin alphabet, with ʻ U+02BB and ʼ U+02BC.

    >>> uz_cyrillic_to_latin("Ўзбекистон ШАҲАР ва Шаҳар, концерт, объект, сентябрь")
    'Oʻzbekiston SHAHAR va Shahar, konsert, obyekt, sentabr'
    """
    return _UZ_WORD.sub(lambda m: _uz_latin_word(m[0]), text)


def _uz_latin_word(word: str) -> str:
    if word.startswith("АҚШ"):  # the one common abbreviation with ш: AQSh, also in capitals
        return "AQSh" + _uz_latin_word(word[3:])
    lower = word.lower()
    stem = _stem(lower, CYRILLIC_TO_LATIN, _LONGEST["cyrillic"])
    out = [_recase(CYRILLIC_TO_LATIN[stem], word[: len(stem)])] if stem else []
    for i in range(len(stem), len(word)):
        piece = _uz_latin_letter(lower, i)
        out.append(_shout(piece, word, i) if word[i].isupper() else piece)
    return "".join(out)


def _uz_latin_letter(word: str, i: int) -> str:
    letter = word[i]
    before = word[i - 1] if i else ""
    after = word[i + 1] if i + 1 < len(word) else ""
    if letter in _UZ:
        return "ʼh" if letter == "ҳ" and before == "с" else _UZ[letter]
    if letter == "е":
        return "ye" if not before or before in _VOWELS or before in "ъь" else "e"
    if letter == "ц":
        if before == "ц":
            return ""
        return "ts" if before and before in _VOWELS else "s"
    if letter == "ъ":
        silent = before == "ў" or (before and before not in _VOWELS and after in set("еёюя"))
        return "" if silent else "ʼ"
    return "y" if after == "о" else ""  # ь


def _shout(piece: str, word: str, i: int) -> str:
    """``piece`` for a capital letter: all capitals beside another capital, else the first."""
    beside = word[i - 1 : i].isupper() or word[i + 1 : i + 2].isupper()
    return piece.upper() if beside else piece[:1].upper() + piece[1:]


def _recase(piece: str, source: str) -> str:
    if len(source) > 1 and source.isupper():
        return piece.upper()
    return piece[:1].upper() + piece[1:] if source[:1].isupper() else piece


def _stem(word: str, lexicon: dict[str, str], longest: int) -> str:
    for end in range(min(len(word), longest), 2, -1):
        if word[:end] in lexicon:
            return word[:end]
    return ""


_LATIN_TOKEN = re.compile(
    r"(?P<keep>https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w.-]+|[#@]\w+|(?:\w{1,63}\.){1,5}(?:uz|com|org|net|ru)\b)"
    r"|(?P<word>[A-Za-zʻʼ]*[A-Za-z][A-Za-zʻʼ]*)"
)
# ts is ц before e and i, but т+с across a suffix: ketsin, faoliyatsiz
_TSE = re.compile(r"tse|tsi(?!z|mon|n(?:lar|gizlar|giz|g)?$)")
_LATIN = {v: k for k, v in _UZ.items() if len(v) == 1 and k not in "ыэ"} | {"e": "е"}
_DIGRAPHS = (
    ("sʼh", "сҳ"), ("yoʻ", "йў"), ("oʻ", "ў"), ("gʻ", "ғ"), ("sh", "ш"), ("ch", "ч"),
    ("yo", "ё"), ("yu", "ю"), ("ya", "я"), ("ʼ", "ъ"),
)  # fmt: skip
_LATIN_VOWELS = set("aeiou")


def uz_latin_to_cyrillic(text: str) -> str:
    """Uzbek Latin in Cyrillic; apostrophes may be any of those in use.

    The Latin spelling has lost letters (ц/с, ь, ъ before iotated vowels), so loan words come
    from a lexicon and everything else by rule. Roman numerals, addresses, hashtags and words
    with letters outside the Uzbek alphabet (w, bare c) stay Latin.

    >>> uz_latin_to_cyrillic("Oʻzbekistonda konsert, sanʼat va XXI asr")
    'Ўзбекистонда концерт, санъат ва XXI аср'
    """
    lines = (unify_apostrophes(line, "uzn_Latn") for line in text.split("\n"))
    return "\n".join(_LATIN_TOKEN.sub(_uz_cyrillic_token, line) for line in lines)


def _uz_cyrillic_token(match: re.Match[str]) -> str:
    word = match["word"]
    if match["keep"] or not word:
        return match[0]
    rest = match.string[match.end() : match.end() + 5]
    single_numeral = len(word) == 1 and word in "IVX" and re.match(r"[- ]asr", rest)
    foreign = re.search(r"[wW]|[cC](?![hH])", word)
    if single_numeral or foreign or re.fullmatch(r"[IVXL]{2,}", word):
        return word
    lower = word.lower()
    stem = _stem(lower, LATIN_TO_CYRILLIC, _LONGEST["latin"])
    out: list[str] = []
    if stem:
        cyrillic = LATIN_TO_CYRILLIC[stem]
        if cyrillic.endswith("ь") and len(lower) > len(stem):
            cyrillic = cyrillic[:-1]
        out.append(_recase(cyrillic, word[: len(stem)]))
    i = len(stem)
    while i < len(word):
        piece, length = _uz_cyrillic_piece(lower, i)
        if word[i].isupper():
            piece = _shout(piece, word, i)
        out.append(piece)
        i += length
    return "".join(out)


def _uz_cyrillic_piece(word: str, i: int) -> tuple[str, int]:
    """The Cyrillic of what starts at ``i``, and how many Latin characters it takes."""
    before = word[i - 1] if i else ""
    if word.startswith("ye", i):
        open_ = not before or before in _LATIN_VOWELS or before in "ʻʼ"
        return ("е" if open_ else "ье"), 2
    if word[i] == "e":
        return ("э" if not before or before in _LATIN_VOWELS else "е"), 1
    if word.startswith("ts", i) and _TSE.match(word, i):
        return "ц", 2
    if word.startswith("siya", i) and before in set("kpn"):
        return "ция", 4
    for latin, cyrillic in _DIGRAPHS:
        if word.startswith(latin, i):
            return cyrillic, len(latin)
    return _LATIN.get(word[i], word[i]), 1


_AZ = str.maketrans(
    dict(
        zip(
            "абвгғдеәжзијйкҝлмноөпрстуүфхһчҹшщыэцАБВГҒДЕӘЖЗИЈЙКҜЛМНОӨПРСТУҮФХҺЧҸШЩЫЭЦ",
            "abvqğdeəjziyykglmnoöprstuüfxhçcşşıesABVQĞDEƏJZİYYKGLMNOÖPRSTUÜFXHÇCŞŞIES",
            strict=True,
        )
    )
    | dict.fromkeys("ъьЪЬ", "")
)
_AZ_IOTATED = {"ю": "yu", "я": "ya", "ё": "yo"}
_AZ_IOTATED_LETTER = re.compile("[юяёЮЯЁ]")
_AZ_APOSTROPHE = re.compile(rf"(?<=[Ѐ-ԯ])[{APOSTROPHES}](?=[Ѐ-ԯ])")


def az_cyrillic_to_latin(text: str) -> str:
    """Azerbaijani Cyrillic in today's Latin alphabet; the apostrophe of мә'на is dropped.

    >>> az_cyrillic_to_latin("Азәрбајҹан Республикасы, ИЈУЛ, мә'на")
    'Azərbaycan Respublikası, İYUL, məna'
    """
    text = _AZ_APOSTROPHE.sub("", text)
    return _AZ_IOTATED_LETTER.sub(_az_iotated, text).translate(_AZ)


def _az_iotated(match: re.Match[str]) -> str:
    piece = _AZ_IOTATED[match[0].lower()]
    return _shout(piece, match.string, match.start()) if match[0].isupper() else piece
