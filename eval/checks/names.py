"""Names of people, places and organisations that did not come across.

A name is a word with a capital inside a sentence. Names are written by sound in both languages
(Ceyms, Jeyms; Vaşinqton, Vashington; Çörçill, Cherchill) or as in English (Steven, Stiven), with
case suffixes, so two are the same where their skeletons agree: consonants in classes that both
spellings share, without vowels. Words of translated titles (Nazirlik, vazirligi) are in the
glossary's vocabulary and are no names; countries and capitals are ``places``' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from eval.checks.glossary import vocabulary
from eval.checks.places import is_place
from eval.checks.reading import KEPT, lower, other, pair

_WORD = re.compile(r"[^\W\d_][\wʻʼ’']*")
_START = re.compile(r"(?:^|[.!?…:]|[“”\"«»‘(–-])\s*$")
_CLASSES = [
    ("sch", "s"), ("sh", "s"), ("ch", "j"), ("zh", "j"), ("gh", "k"), ("kh", "k"), ("ph", "f"),
    ("th", "t"), ("ck", "k"), ("qu", "kv"), ("x", "k"), ("ks", "k"), ("h", ""), ("ts", "s"),
    ("dj", "j"), ("dzh", "j"),
]  # fmt: skip
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("çcjž", "j"), **dict.fromkeys("szşš", "s"), **dict.fromkeys("kqgğ", "k"),
        **dict.fromkeys("vwf", "v"), **dict.fromkeys("bp", "p"), **dict.fromkeys("dt", "t"),
        **dict.fromkeys("aeəiıoöuüyʻʼ’'éáíóúñèêâãåäüëï", ""),
    }
)  # fmt: skip
_GLIDE = re.compile(r"^u(?=[aeəiıoö])")  # Uest and Vest, Uilyam and Vilyam, Wales and Uels
SHORTEST = 3  # letters of a name


# Words with a capital that are translated and in no glossary: parts of the names of places,
# feasts, streets and churches.
_COMMON = {
    "azj": (
        "şimal", "cənub", "şərq", "qərb", "yeni", "böyük", "kiçik", "respublika", "vilayət",
        "rayon", "küçə", "prospekt", "meydan", "müqəddəs", "sakit", "yaxın", "orta", "qırmızı",
        "qara", "ağ", "dəniz", "okean", "müharibə", "inqilab", "bayram", "allah", "tanrı", "cənab",
        "xanım", "dünya", "birinci", "ikinci", "mərkəz", "azadlıq", "qələbə",
    ),
    "uzn": (
        "shimol", "janub", "sharq", "gʻarb", "yangi", "buyuk", "katta", "kichik", "respublika",
        "viloyat", "tuman", "koʻcha", "prospekt", "maydon", "avliyo", "tinch", "yaqin", "oʻrta",
        "qizil", "qora", "oq", "dengiz", "okean", "urush", "inqilob", "bayram", "alloh", "xudo",
        "janob", "xonim", "jahon", "dunyo", "birinchi", "ikkinchi", "markaz", "mustaqillik",
        "gʻalaba", "ozodlik", "qoʻshma",
    ),
}  # fmt: skip


def name_lost(source: str, output: str, language: str) -> bool | None:
    """A name of the source that the output does not have, or one that only the output has.

    Where the output has no name to show for it, one in three may be missing: pronouns take the
    place of names. None where neither side has a name that is read.
    """
    sides = pair(source, output, language)
    theirs = other(language)
    if sides is None or theirs is None:
        return None
    one, two = _names(sides[0], theirs), _names(sides[1], language[:3])
    if not one and not two:
        return None
    lost, new = _missing(one, _words(sides[1])), _missing(two, _words(sides[0]))
    return bool(lost and new) or len(lost) > len(one) / 3 or len(new) > len(two) / 3


def _missing(names: tuple[str, ...], words: tuple[str, ...]) -> list[str]:
    return [name for name in names if not any(same(name, word) for word in words)]


@lru_cache(maxsize=KEPT)
def _names(text: str, language: str) -> tuple[str, ...]:
    """The skeletons of the names of a text, each once."""
    return tuple(dict.fromkeys(skeleton(match[0]) for match in named(text, language)))


def named(text: str, language: str) -> Iterator[re.Match[str]]:
    """The words of a text that are read as names, where they stand."""
    for match in _WORD.finditer(text):
        word = match[0]
        if not word[0].isupper() or len(word) < SHORTEST or word.isupper():
            continue
        if _START.search(text, max(0, match.start() - 4), match.start()):
            continue
        if lower(word).startswith(_translated(language)) or is_place(word, language):
            continue
        if len(skeleton(word)) > 1:
            yield match


@lru_cache(maxsize=2)
def _translated(language: str) -> tuple[str, ...]:
    return (*_COMMON[language], *vocabulary(language))


@lru_cache(maxsize=KEPT)
def _words(text: str) -> tuple[str, ...]:
    return tuple({skeleton(word) for word in _WORD.findall(text)})


@lru_cache(maxsize=KEPT)
def skeleton(word: str) -> str:
    """Its consonants by class, without doubles.

    >>> skeleton("Ceymsin"), skeleton("Jeymsning")
    ('jmsn', 'jmsnnk')
    """
    plain = _GLIDE.sub("v", lower(word))
    for letters, one in _CLASSES:
        plain = plain.replace(letters, one)
    plain = plain.translate(_LETTERS)
    return "".join(c for i, c in enumerate(plain) if i == 0 or c != plain[i - 1])


@lru_cache(maxsize=1 << 18)
def same(one: str, two: str) -> bool:
    """Whether two skeletons are of one name: they begin alike up to their case suffixes, or
    differ in one consonant of three and more."""
    short, long = sorted((one, two), key=len)
    if not short:
        return False
    if long.startswith(short) and len(long) - len(short) <= 4 and len(short) > 1:
        return True
    shared = min(len(short), len(long))
    stem = max(2, shared - 2)
    if short[:stem] == long[:stem] and stem >= 2 and shared >= 2:
        return True
    return shared >= 3 and _apart(one[: shared + 1], two[: shared + 1]) <= max(1, shared // 3)


def _apart(one: str, two: str) -> int:
    """Levenshtein distance to the best prefix of the longer: suffixes cost nothing."""
    row = list(range(len(two) + 1))
    best = len(two)
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(two, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
        best = min(best, row[-1])
    return min(best, min(row))
