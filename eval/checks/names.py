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
    ("th", "t"), ("ck", "k"), ("qu", "kv"), ("ks", "k"), ("h", ""), ("x", ""), ("ts", "s"),
    ("dj", "j"), ("dzh", "j"),
]  # fmt: skip
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("çcjž", "j"), **dict.fromkeys("szşš", "s"), **dict.fromkeys("kqgğ", "k"),
        **dict.fromkeys("vwf", "v"), **dict.fromkeys("bp", "p"), **dict.fromkeys("dt", "t"),
        **dict.fromkeys("aeəiıoöuüyʻʼ’'éáíóúñèêâãåäüëï", ""),
    }
)  # fmt: skip
_SOFT, _SOFT_G = re.compile(r"c(?=[eiy])|ch(?=r)"), re.compile(r"g(?=[eiy])")
_GLIDE = re.compile(r"^u(?=[aeəiıoö])")  # Uest and Vest, Uilyam and Vilyam, Wales and Uels
Keys = tuple[str, ...]  # the skeletons that one word may have
SHORTEST = 3  # letters of a name
LONGEST = 24  # consonants of a skeleton: what loops for thousands of letters is no name


# Words with a capital that are translated and in no glossary: parts of the names of places,
# feasts, streets and churches.
_COMMON = {
    "azj": (
        "şimal", "cənub", "şərq", "qərb", "yeni", "böyük", "kiçik", "respublika", "vilayət",
        "rayon", "küçə", "prospekt", "meydan", "müqəddəs", "sakit", "yaxın", "orta", "qırmızı",
        "qara", "ağ", "dəniz", "okean", "müharibə", "inqilab", "bayram", "allah", "tanrı", "cənab",
        "xanım", "dünya", "birinci", "ikinci", "mərkəz", "azadlıq", "qələbə", "şənbə", "cümə",
        "çərşənbə", "bazar", "mart", "üzv", "hərbi", "ədalət", "təbiət", "birləşmiş", "ştat",
    ),
    "uzn": (
        "shimol", "janub", "sharq", "gʻarb", "yangi", "buyuk", "katta", "kichik", "respublika",
        "viloyat", "tuman", "koʻcha", "prospekt", "maydon", "avliyo", "tinch", "yaqin", "oʻrta",
        "qizil", "qora", "oq", "dengiz", "okean", "urush", "inqilob", "bayram", "alloh", "xudo",
        "janob", "xonim", "jahon", "dunyo", "birinchi", "ikkinchi", "markaz", "mustaqillik",
        "gʻalaba", "ozodlik", "qoʻshma", "shanba", "juma", "mart", "aʼzo", "harbiy", "adolat",
        "tabiat", "shtat", "birlashgan",
    ),
}  # fmt: skip


def name_lost(source: str, output: str, language: str) -> bool | None:
    """A name of the source that the output lacks while it has another that the source lacks; or
    none of one side's names on the other.

    A name that is left out beside others that are kept passes: pronouns take the place of names.
    None where neither side has a name that is read.
    """
    sides, theirs = pair(source, output, language), other(language)
    if sides is None or theirs is None:
        return None
    one, two = _names(sides[0], theirs), _names(sides[1], language[:3])
    if not one and not two:
        return None
    lost, new = _missing(one, _words(sides[1])), _missing(two, _words(sides[0]))
    if lost and new:
        return True
    return any(missing and len(missing) == len(all_) for missing, all_ in ((lost, one), (new, two)))


def _missing(names: tuple[Keys, ...], words: tuple[frozenset[str], frozenset[str]]) -> list[Keys]:
    capitals, others = words
    return [
        keys
        for keys in names
        if not any(same(key, word) for key in keys for word in capitals)
        and not any(key[:4] in others for key in keys if len(key) > 3)
    ]


@lru_cache(maxsize=KEPT)
def _names(text: str, language: str) -> tuple[Keys, ...]:
    """The skeletons of the names of a text, each once."""
    return tuple(dict.fromkeys(skeletons(match[0]) for match in named(text, language)))


def named(text: str, language: str) -> Iterator[re.Match[str]]:
    """The words of a text that are read as names, where they stand; none in a headline, where
    nearly every word has a capital."""
    words = list(_WORD.finditer(text))
    if len(words) > 4 and sum(word[0][0].isupper() for word in words) > 0.7 * len(words):
        return
    for match in words:
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
def _words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The skeletons of all words with a capital, wherever they stand; and how the others begin."""
    capitals: set[str] = set()
    others = set()
    for word in _WORD.findall(text):
        if word[0].isupper():
            capitals.update(skeletons(word))
        else:
            others.add(skeleton(word)[:4])
    return frozenset(capitals), frozenset(others)


@lru_cache(maxsize=KEPT)
def skeleton(word: str) -> str:
    """Its consonants by class, without doubles; h and x, which one language drops, left out.

    >>> skeleton("Ceymsin"), skeleton("Jeymsning")
    ('jmsn', 'jmsnnk')
    """
    plain = _GLIDE.sub("v", lower(word))
    for letters, one in _CLASSES:
        plain = plain.replace(letters, one)
    plain = plain.translate(_LETTERS)
    return "".join(c for i, c in enumerate(plain) if i == 0 or c != plain[i - 1])[:LONGEST]


@lru_cache(maxsize=KEPT)
def skeletons(word: str) -> tuple[str, ...]:
    """The skeleton, and those of an English spelling: c is k (Scott, Skot), g is j (George)."""
    low = lower(word)
    if "c" not in low and "g" not in low:
        return (skeleton(word),)
    hard = _SOFT.sub("s", low).replace("c", "k")
    return tuple(
        {skeleton(word): None, skeleton(hard): None, skeleton(_SOFT_G.sub("j", hard)): None}
    )


# What case suffixes of both languages leave in a skeleton: -ın, -nın, -dan, -lar, -ning, -dagi …
_SUFFIX = re.compile(r"(?:lr)?(?:s|m)?(?:nnk|nn|n|tn|tk|t|k|l)?(?:k|tr|t)?")


@lru_cache(maxsize=1 << 18)
def same(one: str, two: str) -> bool:
    """Whether two skeletons are of one name: alike but for case suffixes, or for one consonant of
    four and two of eight."""
    shared = next(
        (i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    if shared > 1 and all(_SUFFIX.fullmatch(key, shared) for key in (one, two)):
        return True
    least = min(len(one), len(two))
    return least > 3 and _apart(*sorted((one, two), key=len)) <= least // 4


def _apart(short: str, long: str) -> int:
    """Levenshtein distance of a skeleton to the nearest beginning of a longer one."""
    row = list(range(len(long) + 1))
    for i, a in enumerate(short, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(long, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return min(row)
