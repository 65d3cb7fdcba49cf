"""Which language a text is in: detectors give evidence, the sum decides, or it stays unclear.

A detector is a function (text, script) → {FLORES code: nats}, natural log-odds. Three come with
korpu: ``traits`` (alphabet, function words and endings, by hand), ``cld2`` (pycld2) and ``langid``
(py3langid); a user may ``register`` others. They are asked in order, cheapest first, and no more
of them once two agree and the sum is ``SETTLED``. The best sum wins if it is ``MARGIN`` ahead of
the next, else the text is ``und``. Before: the script by counting letters, SHOUTED text in lower
case, and what no detector knows (Azerbaijani Cyrillic, Uzbek in the letters of a reform) also in
today's spelling.

Measured in ``docs/text_identify.md``; the constants were chosen on NTREX's even documents.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from data_prep.text.orthography import from_orthography
from data_prep.text.transliterate import az_cyrillic_to_latin
from korpu.errors import UsageError


@dataclass(frozen=True, slots=True)
class Identified:
    """``language``: FLORES code or ``und``. ``script``: ISO 15924, ``Zyyy`` without letters.

    ``confidence``: 0–1, the share of this language when the evidence for all is exponentiated
    (0 for ``und``). ``reliable``: the language is known and the text has at least ``SHORT``
    letters; filters should ask for this.
    """

    language: str
    script: str
    confidence: float
    reliable: bool


class Detector(Protocol):
    """Evidence about ``text``, whose script (``Latn``, ``Cyrl``, ``Arab``) is known, in nats.

    Only differences between languages count. ``und`` stands for every language not named. A
    language the detector leaves out gets half of what ``und`` gets, or 0: where it does not know
    a language, its texts look to it like some related one.
    """

    def __call__(self, text: str, script: str, /) -> Mapping[str, float]: ...


VERSION = "2"
"""Raised when the same text may be identified differently; see ``versions``."""
SHORT = 15
"""Letters below which nothing is called reliable (about two words)."""
LONG = 20_000
"""Characters looked at: the start of a document says enough."""
MARGIN = 0.5
"""Nats that the first language must be ahead of the second: odds of 1.6."""
SETTLED = 6.0
"""Nats ahead (odds of 400) at which further detectors are not asked."""
SENTENCE_WORDS = 8
"""From this many words on, a language must be the first choice of two detectors."""

UNKNOWN = "und"
DEFAULT = ("traits", "cld2", "langid")

# Korpu is given pages in its own two languages first of all. Rare beside the others: Karakalpak
# and Crimean Tatar (0.6 and 0.3 million speakers), and Azerbaijani in Cyrillic (until 2001).
_PRIOR = {
    "azj_Latn": 0.5, "uzn_Latn": 0.5, "uzn_Cyrl": 0.5, "azj_Cyrl": -0.5,
    "kaa_Latn": -1.0, "kaa_Cyrl": -1.0, "crh_Latn": -1.0, "crh_Cyrl": -1.0,
}  # fmt: skip
_CLD2, _LANGID_FLOOR = 2.0, 0.02

_FLORES = {
    ("az", "Latn"): "azj_Latn", ("uz", "Latn"): "uzn_Latn", ("uz", "Cyrl"): "uzn_Cyrl",
    ("tr", "Latn"): "tur_Latn", ("tk", "Latn"): "tuk_Latn", ("en", "Latn"): "eng_Latn",
    ("de", "Latn"): "deu_Latn", ("fr", "Latn"): "fra_Latn", ("es", "Latn"): "spa_Latn",
    ("ru", "Cyrl"): "rus_Cyrl", ("kk", "Cyrl"): "kaz_Cyrl", ("ky", "Cyrl"): "kir_Cyrl",
    ("tt", "Cyrl"): "tat_Cyrl", ("ba", "Cyrl"): "bak_Cyrl", ("tg", "Cyrl"): "tgk_Cyrl",
    ("uk", "Cyrl"): "ukr_Cyrl", ("fa", "Arab"): "pes_Arab", ("ar", "Arab"): "arb_Arab",
    ("crh", "Latn"): "crh_Latn",
}  # fmt: skip

_SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "ARABIC": "Arab", "GREEK": "Grek", "GEORGIAN": "Geor",
    "ARMENIAN": "Armn", "HEBREW": "Hebr", "CJK": "Hani", "HIRAGANA": "Hira", "KATAKANA": "Kana",
    "HANGUL": "Hang", "DEVANAGARI": "Deva",
}  # fmt: skip

_NOISE = re.compile(
    r"(?:https?://|www\.)\S+|[^\s@]{1,64}@\S+|[#@]\w+|\d+|[\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
_NOISY = re.compile(r"[\d@#:\x00-\x09\x0b-\x1f\x7f-\x9f]|www\.")  # without it there is no noise
_APOSTROPHE = re.compile("[ʻʼ‘’`´]")
_TURKIC_CAPITAL = re.compile("[ƏİĞ]")
_AZ_CYRILLIC = re.compile("[ҝҹјәөүһғҜҸЈӘӨҮҺҒ]")
_AZ_CYRILLIC_OWN = re.compile("[ҝҹјҜҸЈ]")  # ј is Serbian and Macedonian as well
_AZ_CYRILLIC_FOREIGN = re.compile("[ңҗқўҳҡҙҫієќґӣӯҷѓљњћђџщъьЉЊЋЂЏ]")
_STRAY = 0.012
_REFORMED = re.compile("[şçöğõōḡŞÇÖĞÕŌḠ]")
_NOT_UZBEK = re.compile("[əıüñňýäžƏÜÑŇÝÄŽ]")
_REFORMED_SPACES = 3  # shorter Turkish without ı or ü would pass
_SCHWA_EXPECTED = 90


def identify(text: str, detectors: Sequence[str | Detector] = DEFAULT) -> Identified:
    """The language of ``text``, looking at its first ``LONG`` characters.

    ``detectors``: names from the registry or detectors themselves, asked in this order. Below
    ``SHORT`` letters the best guess is given with ``reliable=False``. Text in several languages
    is what most of it is in, at best: split it first. Raises ``UsageError`` for an unknown name;
    the detectors that come with korpu never raise.
    """
    asked = [_detector(d) if isinstance(d, str) else d for d in detectors]
    text, script, letters = _readable(text)
    if script not in ("Latn", "Cyrl", "Arab"):
        return Identified(UNKNOWN, script, 0.0, False)
    text = _plain(text, script, letters)
    language, confidence = _decide(text, script, asked)
    if language == "azj_Latn" and letters >= _SCHWA_EXPECTED and "ə" not in text.lower():
        language, confidence = UNKNOWN, 0.0  # one letter in eleven is ə
    if language == UNKNOWN:
        return Identified(UNKNOWN, script, 0.0, False)
    return Identified(language, script, confidence, letters >= SHORT)


def _readable(text: str) -> tuple[str, str, int]:
    """The start of a text without addresses and numbers, its script, and its letters."""
    text = text[:LONG].encode("utf-8", "ignore").decode()
    if _NOISY.search(text):
        text = _NOISE.sub(" ", text)
    return text, *_script(text)


def identify_many(
    texts: Iterable[str], detectors: Sequence[str | Detector] = DEFAULT
) -> list[Identified]:
    """``identify`` for each text, in order; equal texts are looked at once."""
    seen: dict[str, Identified] = {}
    return [seen[t] if t in seen else seen.setdefault(t, identify(t, detectors)) for t in texts]


_FURTHER = _CLD2 - math.log(_LANGID_FLOOR)
"""Nats that ``cld2`` and ``langid`` together can add to one language over another, at most."""


def foreign(texts: Iterable[str], codes: Iterable[str]) -> list[bool]:
    """Whether each text is reliably in another language than its code says, as ``identify`` has it.

    Where ``traits`` alone speaks for the code by more than the other detectors could change, they
    are not asked: this takes half the time on text that is what it should be.
    """
    seen: dict[tuple[str, str], bool] = {}
    found = []
    for one in zip(texts, codes, strict=True):
        if one not in seen:
            seen[one] = not _plainly(*one) and _otherwise(*one)
        found.append(seen[one])
    return found


def _otherwise(text: str, code: str) -> bool:
    one = identify(text)
    return one.reliable and one.language != code


def _plainly(text: str, code: str) -> bool:
    """Whether ``traits`` alone settles that no other language wins; False says nothing."""
    text, script, letters = _readable(text)
    if script != "Latn" or not code.endswith("Latn"):
        return False
    text = _plain(text, script, letters)
    if _other_spelling(text, script) is not None:
        return False
    evidence = _traits(text, script)
    if code not in evidence:
        return False
    others = [0.0, *(nats + _PRIOR.get(one, 0.0) for one, nats in evidence.items() if one != code)]
    return evidence[code] + _PRIOR.get(code, 0.0) > max(others) + _FURTHER + 1e-6


def _plain(text: str, script: str, letters: int) -> str:
    """SHOUTED text in lower case, İ as i, and the Cyrillic ә that stands for ə in Latin text."""
    if script == "Latn":
        text = text.replace("ә", "ə").replace("Ә", "Ə").replace("ǝ", "ə").replace("Ǝ", "Ə")
    if text.isupper() or 2 * sum(map(str.isupper, text)) > letters:
        if _TURKIC_CAPITAL.search(text):
            text = text.replace("I", "ı")
        return text.replace("İ", "i").lower()
    return text.replace("İ", "i")


def _decide(text: str, script: str, asked: Sequence[Detector]) -> tuple[str, float]:
    """The winner by the sum of the evidence and its share, or ``und``."""
    if script == "Cyrl" and _is_az_cyrillic(text):
        language, share = _decide(az_cyrillic_to_latin(text), "Latn", asked)
        if language == "azj_Latn":
            return "azj_Cyrl", share
    other = _other_spelling(text, script)
    given: list[Mapping[str, float]] = []
    for detector in asked:
        evidence = dict(detector(text, script))
        if other is not None:
            code, spelled, instead = other
            own = detector(instead, "Latn").get(spelled, -math.inf)
            if own > evidence.get(code, -math.inf) and (code == spelled or code not in evidence):
                evidence[code] = own
        given.append(evidence)
        if len(given) == 1 < len(asked):
            continue
        first, lead, share = _sum(given)
        agreed = sum(_first_choice(e, first) for e in given)
        if lead >= SETTLED and agreed > 1:
            break
    if not given or lead < MARGIN:
        return UNKNOWN, 0.0
    if agreed < min(2, len(asked)) and text.count(" ") + 1 >= SENTENCE_WORDS:
        return UNKNOWN, 0.0
    return first, share


def _first_choice(evidence: Mapping[str, float], code: str) -> bool:
    return bool(evidence) and evidence.get(code, -math.inf) >= max(evidence.values())


def _sum(given: Sequence[Mapping[str, float]]) -> tuple[str, float, float]:
    """The language with most evidence, nats ahead of the second, and its softmax share."""
    totals = {code: _PRIOR.get(code, 0.0) for code in {UNKNOWN}.union(*given)}
    for evidence in given:
        fallback = evidence.get(UNKNOWN, 0.0) / 2
        for code in totals:
            totals[code] += evidence.get(code, fallback)
    # by code on equal evidence, so that the order of a set never shows
    ranked = sorted(totals, key=lambda code: (-totals[code], code))
    best = totals[ranked[0]]
    lead = best - totals[ranked[1]] if len(ranked) > 1 else 0.0
    return ranked[0], lead, 1 / sum(math.exp(totals[code] - best) for code in ranked)


def _other_spelling(text: str, script: str) -> tuple[str, str, str] | None:
    """(code, code in today's spelling, text in it) for a spelling that detectors do not know.

    Azerbaijani Cyrillic, and Uzbek in the letters of a reform. Evidence for the respelled text
    counts for the code as well, beside that for its neighbours from the text as it is.
    """
    if script == "Cyrl" and _AZ_CYRILLIC.search(text):
        return "azj_Cyrl", "azj_Latn", az_cyrillic_to_latin(text.lower())
    reformed = script == "Latn" and _REFORMED.search(text) and not _NOT_UZBEK.search(text)
    if reformed and text.count(" ") >= _REFORMED_SPACES:
        name = "2023" if "õ" in text else "2021" if "ō" in text else "2026"
        # without ʻ: it would count as Uzbek, but every ö and ğ of a neighbour becomes one here
        return "uzn_Latn", "uzn_Latn", from_orthography(text, name).replace("ʻ", "")
    return None


def _is_az_cyrillic(text: str) -> bool:
    """Letters of no Turkic neighbour are more than a stray name, and there are none of theirs."""
    own = len(_AZ_CYRILLIC_OWN.findall(text))
    return own > _STRAY * len(text) and not _AZ_CYRILLIC_FOREIGN.search(text)


_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024fəƏ\u1e00-\u1eff]+")
_CYRILLIC = re.compile("[\u0400-\u0481\u048a-\u052f]+")


def _script(text: str) -> tuple[str, int]:
    """The script most letters are in, and how many letters there are in all."""
    letters = sum(map(str.isalpha, text))
    for name, pattern in (("Latn", _LATIN), ("Cyrl", _CYRILLIC)):
        if 2 * sum(map(len, pattern.findall(text))) > letters:
            return name, letters
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            name = _script_of(character)
            counts[name] = counts.get(name, 0) + 1
    return (max(counts, key=lambda name: counts[name]), letters) if counts else ("Zyyy", 0)


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    first = unicodedata.name(character, "OTHER").split(" ")[0]
    return _SCRIPTS.get(first, "Zzzz")


def cld2(text: str, script: str) -> Mapping[str, float]:
    """``_CLD2`` nats for CLD2's first language, nothing where it names none."""
    import pycld2

    try:
        _, _, details = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except pycld2.error:  # bytes it takes for invalid UTF-8
        return {}
    iso = str(details[0][1])
    return {} if iso == "un" else {_FLORES.get((iso, script), UNKNOWN): _CLD2}


def langid(text: str, script: str) -> Mapping[str, float]:
    """Log of each probability of py3langid over its largest, at least log ``_LANGID_FLOOR``."""
    ranked = _langid().rank(_APOSTROPHE.sub("'", text))
    top = max(float(ranked[0][1]), 1e-9)
    least = math.log(_LANGID_FLOOR)
    found = dict.fromkeys(_codes(script), least)
    for iso, probability in ranked:
        nats = math.log(max(float(probability) / top, _LANGID_FLOOR))
        if nats <= least:
            break
        code = _FLORES.get((iso, script), UNKNOWN)
        found[code] = max(found[code], nats)
    return found


@lru_cache(maxsize=8)
def _codes(script: str) -> tuple[str, ...]:
    return (UNKNOWN, *(code for (_, written), code in _FLORES.items() if written == script))


@lru_cache(maxsize=1)
def _langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _traits(text: str, script: str) -> Mapping[str, float]:
    from data_prep.text.traits import traits

    return traits(text, script)


_REGISTRY: dict[str, Detector] = {"traits": _traits, "cld2": cld2, "langid": langid}


def register(name: str, detector: Detector) -> None:
    """Make ``detector`` known by ``name``, e.g. a fastText model of the user's own.

    >>> register("persian", lambda _text, script: {"pes_Arab": 3.0} if script == "Arab" else {})
    """
    _REGISTRY[name] = detector


def _detector(name: str) -> Detector:
    if name not in _REGISTRY:
        known = ", ".join(_REGISTRY)
        raise UsageError(f"no language detector {name!r}: register it, or use one of {known}")
    return _REGISTRY[name]
