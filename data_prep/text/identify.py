"""Which language a text is in, when two independent detectors agree.

CLD2 (``pycld2``) and langid (``py3langid``) are right about Azerbaijani and Uzbek for 99% of
sentences each, and wrong on different ones. On top: the script by counting letters, Azerbaijani
Cyrillic by transliterating first (neither detector knows it), letters that only the language
writes (ə, oʻ gʻ, ў: one detector is then enough), and letters that only a neighbour writes
(Karakalpak and Crimean Tatar above all, which neither detector knows).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from data_prep.text.transliterate import az_cyrillic_to_latin


@dataclass(frozen=True, slots=True)
class Identified:
    """``language``: FLORES code or ``und``. ``script``: ISO 15924, ``Zyyy`` without letters.

    ``confidence``: 0–1, the lower of the two detectors' for this language (of the one that
    names it, where a letter decided). ``reliable``: the language is known and the text has at
    least ``SHORT`` letters; filters should ask for this.
    """

    language: str
    script: str
    confidence: float
    reliable: bool


SHORT = 15
"""Letters below which nothing is called reliable (about two words)."""
LONG = 20_000
"""Characters looked at: the start of a document says enough."""

UNKNOWN = "und"

_FLORES = {
    ("az", "Latn"): "azj_Latn", ("uz", "Latn"): "uzn_Latn", ("uz", "Cyrl"): "uzn_Cyrl",
    ("tr", "Latn"): "tur_Latn", ("tk", "Latn"): "tuk_Latn", ("en", "Latn"): "eng_Latn",
    ("de", "Latn"): "deu_Latn", ("fr", "Latn"): "fra_Latn", ("es", "Latn"): "spa_Latn",
    ("ru", "Cyrl"): "rus_Cyrl", ("kk", "Cyrl"): "kaz_Cyrl", ("ky", "Cyrl"): "kir_Cyrl",
    ("tt", "Cyrl"): "tat_Cyrl", ("ba", "Cyrl"): "bak_Cyrl", ("tg", "Cyrl"): "tgk_Cyrl",
    ("uk", "Cyrl"): "ukr_Cyrl", ("fa", "Arab"): "pes_Arab", ("ar", "Arab"): "arb_Arab",
}  # fmt: skip

_SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "GREEK": "Grek", "GEORGIAN": "Geor",
    "ARMENIAN": "Armn", "HEBREW": "Hebr", "CJK": "Hani", "HIRAGANA": "Hira", "KATAKANA": "Kana",
    "HANGUL": "Hang", "DEVANAGARI": "Deva",
}  # fmt: skip

_NOISE = re.compile(
    r"(?:https?://|www\.)\S+|[^\s@]{1,64}@\S+|[#@]\w+|\d+|[\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
_APOSTROPHE = re.compile("[ʻʼ‘’`´]")

# Letters that rule a language out when they are more than a stray name (Unicode CLDR exemplars).
_FOREIGN = {
    "azj_Latn": frozenset("âñžňýäâêîûťāīū"),
    "uzn_Latn": frozenset("əáǵńóúýñžňäşğıāīū"),
    "azj_Cyrl": frozenset("ңҗқўҳҡҙҫієќґӣӯҷ"),
    "uzn_Cyrl": frozenset("әөүҝҹңіҗҡҙҫһӣӯҷќѓјљњ"),
}
_AZ_CYRILLIC_OWN = frozenset("ҝҹј")
_AZ_CYRILLIC = frozenset("ҝҹјәөүһғ")
_STRAY = 0.012
_OWN = {
    "azj_Latn": re.compile("[əƏ]"),
    "uzn_Latn": re.compile("[oOgG][ʻʼ‘’'`´]"),
    "uzn_Cyrl": re.compile("[ўЎ]"),
}
_KARAKALPAK = re.compile("[uU][ʻʼ‘’'`´]|[nN][ʻʼ‘’'`´](?![aAoO])")  # 2009: u' n' beside o' g'


def identify(text: str) -> Identified:
    """The language of ``text``, looking at its first ``LONG`` characters; never raises.

    Below ``SHORT`` letters the best guess is given with ``reliable=False``. What the detectors
    disagree about is ``und``, unless a letter decides. Text in several languages is what most
    of it is in, at best: split it first.
    """
    text = _NOISE.sub(" ", text[:LONG].encode("utf-8", "ignore").decode())
    if text.isupper():
        text = text.replace("İ", "i").lower()
    script, letters = _script(text)
    if script not in ("Latn", "Cyrl", "Arab"):
        return Identified(UNKNOWN, script, 0.0, False)
    if script == "Cyrl" and _share(text, letters, _AZ_CYRILLIC) > _STRAY:
        found = _azerbaijani_cyrillic(text, letters)
        if found is not None:
            return found
    language, confidence = _judge(text, script, letters)
    if _foreign(text, letters, language) or _misses_schwa(text, letters, language):
        return Identified(UNKNOWN, script, 0.0, False)
    return Identified(language, script, confidence, language != UNKNOWN and letters >= SHORT)


def _azerbaijani_cyrillic(text: str, letters: int) -> Identified | None:
    """The verdict on Cyrillic text with letters of the Azerbaijani kind; None to look further.

    With ҝ, ҹ or ј, which no Turkic neighbour writes, the text is Azerbaijani or nothing.
    Without, it may be Tatar, Bashkir or Kazakh, and is Azerbaijani if nothing speaks for them.
    """
    own = _share(text, letters, _AZ_CYRILLIC_OWN) > _STRAY
    neighbour = UNKNOWN if own else _judge(text, "Cyrl", letters)[0]
    if neighbour == UNKNOWN and not _foreign(text, letters, "azj_Cyrl"):
        language, confidence = _judge(az_cyrillic_to_latin(text.lower()), "Latn", letters)
        if language == "azj_Latn":
            return Identified("azj_Cyrl", "Cyrl", confidence, letters >= SHORT)
    return Identified(UNKNOWN, "Cyrl", 0.0, False) if own else None


def identify_many(texts: Iterable[str]) -> list[Identified]:
    """``identify`` for each text, in order; equal texts are looked at once."""
    seen: dict[str, Identified] = {}
    return [seen[t] if t in seen else seen.setdefault(t, identify(t)) for t in texts]


def _script(text: str) -> tuple[str, int]:
    """The script most letters are in, and how many letters there are in all."""
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            name = _script_of(character)
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return "Zyyy", 0
    return max(counts, key=lambda name: counts[name]), sum(counts.values())


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    first = unicodedata.name(character, "OTHER").split(" ")[0]
    return _SCRIPTS.get(first, "Zzzz")


def _share(text: str, letters: int, characters: frozenset[str]) -> float:
    return sum(text.lower().count(c) for c in characters) / max(letters, 1)


def _foreign(text: str, letters: int, language: str) -> bool:
    if language == "uzn_Latn" and len(_KARAKALPAK.findall(text)) > max(2, _STRAY * letters):
        return True
    return language in _FOREIGN and _share(text, letters, _FOREIGN[language]) > _STRAY


def _misses_schwa(text: str, letters: int, language: str) -> bool:
    """Azerbaijani without ə: one letter in eleven is one, so 90 letters without are not."""
    return language == "azj_Latn" and letters >= 90 and "ə" not in text.lower()


def _judge(text: str, script: str, letters: int) -> tuple[str, float]:
    """The language both detectors name, or one does and a letter confirms; else ``und``.

    With it the lower confidence of the detectors that name it.
    """
    first, sure = _cld2(text)
    second, probability = _langid()(_APOSTROPHE.sub("'", text))
    language = _FLORES.get((first, script), UNKNOWN)
    if first == second:
        return language, min(sure, probability)
    for iso, confidence in ((first, sure), (second, probability)):
        language = _FLORES.get((iso, script), UNKNOWN)
        if language in _OWN and len(_OWN[language].findall(text)) > _STRAY * letters:
            return language, confidence
    return UNKNOWN, 0.0


def _cld2(text: str) -> tuple[str, float]:
    """CLD2's first language (ISO 639-1) and the share of the text it covers, 0–1."""
    import pycld2

    try:
        _, _, details = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except pycld2.error:  # bytes it takes for invalid UTF-8
        return UNKNOWN, 0.0
    return str(details[0][1]), float(details[0][2]) / 100


@lru_cache(maxsize=1)
def _langid() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    classify: Callable[[str], tuple[str, float]] = detector.classify
    return classify
