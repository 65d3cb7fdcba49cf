"""What a reader tells the languages of the region by: alphabet, function words, endings.

One of ``identify``'s detectors. Nothing is trained: the tables are linguistic description
(``neighbours``), so there is no data to licence. Evidence is in nats (natural log-odds), summed
over the words of the text:

- ``FOREIGN``: a word with a letter outside the language's alphabet (``FOREIGN_NAME`` if it is
  capitalised: names keep foreign letters);
- ``WORD``: a function word; one that several languages have speaks for all of them;
- ``ENDING``: otherwise, an inflectional ending after at least two letters.

Words are compared in lower case without apostrophes, which are typed in ten ways or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from data_prep.text.characters import APOSTROPHES
from data_prep.text.neighbours import ALPHABETS, ENDINGS, WORDS
from data_prep.text.transliterate import uz_latin_to_cyrillic

FOREIGN, FOREIGN_NAME, WORD, ENDING = -2.0, -0.7, 2.0, 1.0
WORDS_READ = 40
"""Words looked at: two sentences say enough."""
LONGEST_ENDING = 8

_WORD = re.compile(rf"[^\W\d_]+(?:[{APOSTROPHES}][^\W\d_]+)*[{APOSTROPHES}]?")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_OWN_APOSTROPHE = re.compile(f"[og][{APOSTROPHES}](?=[a-z]|$)")
_KARAKALPAK = re.compile(f"[ui][{APOSTROPHES}][bcdfghjklmnpqrstvwxyz]|n[{APOSTROPHES}](?![aoeiu])")
_BARE_C = re.compile("c(?!h)")
# y is a consonant in Azerbaijani and Uzbek: after another it needs a vowel (not: vybrany, city)
_VOWEL_Y = re.compile("[bcdfghjklmnpqrstvwxzçğş]y(?![aeiouəıöü])")
_AZ_CYRILLIC = str.maketrans("abvqğdeəjziykglmnoöprstuüfxhçcşı", "абвгғдеәжзијкҝлмноөпрстуүфхһчҹшы")


@dataclass(frozen=True, slots=True)
class _Script:
    """The languages of a script, looked up by letter, word and ending; sets of them are bits."""

    codes: tuple[str, ...]
    letters: dict[str, int]
    words: dict[str, int]
    endings: dict[str, int]


@lru_cache(maxsize=1)
def _scripts() -> dict[str, _Script]:
    """Azerbaijani and Uzbek Cyrillic follow from the Latin."""
    words = {code: text.split() for code, text in WORDS.items()}
    endings = {code: text.split() for code, text in ENDINGS.items()}
    for table in (words, endings):
        table["azj_Cyrl"] = [w.translate(_AZ_CYRILLIC) for w in table["azj_Latn"]]
    words["uzn_Cyrl"] = [uz_latin_to_cyrillic(w) for w in words["uzn_Latn"]]
    endings["uzn_Cyrl"] = [uz_latin_to_cyrillic(f"x{w}")[1:] for w in endings["uzn_Latn"]]
    found = {}
    for script in ("Latn", "Cyrl"):
        codes = tuple(code for code in ALPHABETS if code.endswith(script))
        found[script] = _Script(
            codes, _bits(codes, ALPHABETS), _bits(codes, words), _bits(codes, endings)
        )
    return found


def _bits(codes: tuple[str, ...], table: Mapping[str, Iterable[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for n, code in enumerate(codes):
        for item in table[code]:
            found[item] = found.get(item, 0) | 1 << n
    return found


def traits(text: str, script: str) -> Mapping[str, float]:
    """Nats for each FLORES code of ``script`` (``Latn`` or ``Cyrl``); nothing for other scripts.

    ``rus_Latn``, ``kaa_Latn``, ``crh_Cyrl`` and the like are codes of the same form for
    languages that FLORES does not have in that script.
    """
    if script not in ("Latn", "Cyrl"):
        return {}
    codes = _scripts()[script].codes
    scores = [0.0] * len(codes)
    for match in islice(_WORD.finditer(text), WORDS_READ):
        for at, nats in _word_evidence(match[0], script):
            scores[at] += nats
    return dict(zip(codes, scores, strict=True))


@lru_cache(maxsize=1 << 16)
def _word_evidence(word: str, script: str) -> tuple[tuple[int, float], ...]:
    """(place of a code, nats), where the word says anything about it."""
    languages = _scripts()[script]
    lower = word.lower()
    plain = _APOSTROPHE.sub("", lower)
    native = (1 << len(languages.codes)) - 1
    for letter in plain:
        native &= languages.letters.get(letter, 0)
    extra: dict[str, float] = {}
    if script == "Latn":
        native, extra = _latin_rules(lower, plain, native, languages.codes)
    known = languages.words.get(plain, 0)
    ends = 0
    for start in range(max(2, len(plain) - LONGEST_ENDING), len(plain)):
        ends |= languages.endings.get(plain[start:], 0)
    foreign = FOREIGN_NAME if word[0].isupper() else FOREIGN
    found = []
    for n, code in enumerate(languages.codes):
        bit = 1 << n
        nats = extra.get(code, 0.0)
        if not native & bit:
            nats += foreign
        elif known & bit:
            nats += WORD
        elif ends & bit:
            nats += ENDING
        if nats:
            found.append((n, nats))
    return tuple(found)


def _latin_rules(
    lower: str, plain: str, native: int, codes: tuple[str, ...]
) -> tuple[int, dict[str, float]]:
    """What the spelling of Latin words tells beyond single letters: (native languages, nats)."""
    uzbek, azerbaijani = 1 << codes.index("uzn_Latn"), 1 << codes.index("azj_Latn")
    extra: dict[str, float] = {}
    if _BARE_C.search(plain):
        native &= ~uzbek
    if _VOWEL_Y.search(plain):
        native &= ~(uzbek | azerbaijani)
    if len(plain) < len(lower):
        karakalpak = 1 << codes.index("kaa_Latn")
        if _OWN_APOSTROPHE.search(lower):
            extra["uzn_Latn"] = WORD
            native &= uzbek | karakalpak
        if _KARAKALPAK.search(lower):
            extra["kaa_Latn"] = ENDING
            native &= ~uzbek
    return native, extra
