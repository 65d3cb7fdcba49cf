"""Output that is empty, cut off, looped, too long, too short, or the source itself."""

from __future__ import annotations

import re
from functools import lru_cache

from data_prep.text.normalize import casefold, normalize
from eval.checks.reading import lower

MIN_WORDS = 3  # a shorter source may rightly stay as it is: names, numbers, loans


def empty(source: str, output: str, _language: str) -> bool | None:
    """Nothing came out for something."""
    return None if not source.strip() else not output.strip()


LETTER_LOOP = re.compile(r"([^\W\d_]{1,8}?)\1{5,}")  # six times on end
_MARKS = ",.;:!?…–-«»“”\"'"
LONGEST_LOOP = 8  # words


def repeated(source: str, output: str, _language: str) -> bool | None:
    """A loop that the source does not have: a word four times on end, 2–8 words three times,
    or a run of letters six times inside a word.
    """
    return _loops(output) and not _loops(source)


@lru_cache(maxsize=1 << 17)
def _loops(text: str) -> bool:
    if LETTER_LOOP.search(text.lower()):
        return True
    words = [word for token in text.lower().split() if (word := token.strip(_MARKS))]
    if len(words) - len(set(words)) < 3:
        return False  # a loop repeats three words at least: spares nine texts in ten the rest
    for period in range(1, LONGEST_LOOP + 1):
        needed = 3 if period == 1 else 2 * period
        run = 0
        for at in range(period, len(words)):
            run = run + 1 if words[at] == words[at - period] else 0
            if run >= needed:
                return True
    return False


def copied(source: str, output: str, language: str) -> bool | None:
    """The source given back, but for case and orthography."""
    if len(source.split()) < MIN_WORDS:
        return None
    if not _alike(source, output):
        return False
    return _plain(source, language) == _plain(output, language)


def _alike(source: str, output: str) -> bool:
    """Whether more than a few words are the same: spares nearly all pairs the normalising."""
    one, two = (set(lower(text).replace("ı", "i").split()) for text in (source, output))
    return len(one & two) * 4 >= len(one)


@lru_cache(maxsize=1 << 17)
def _plain(text: str, language: str) -> str:
    # ı and i: capitals tell them apart in one of the languages only
    folded = casefold(normalize(text, language), language).replace("ı", "i")
    return " ".join(folded.split())


# Characters of the Uzbek side over the Azerbaijani, each with PADDING added so that two short
# texts may differ by a word. The 0.1% and 99.9% quantiles of human references are .60 and 2.01 on
# the visible NTREX (n=1007), .68 and 1.86 on X-WMT (n=600); the medians 1.08 and 1.10.
SHORTEST, LONGEST = 0.6, 1.9
PADDING = 12


def under_long(source: str, output: str, language: str) -> bool | None:
    """Much shorter than any translation of such a source; empty output is a check of its own."""
    ratio = _ratio(source, output, language)
    return None if ratio is None else ratio < _bounds(language)[0]


def over_long(source: str, output: str, language: str) -> bool | None:
    """Much longer than any translation of such a source."""
    ratio = _ratio(source, output, language)
    return None if ratio is None else ratio > _bounds(language)[1]


def _ratio(source: str, output: str, _language: str) -> float | None:
    given, made = len(source.strip()), len(output.strip())
    return (made + PADDING) / (given + PADDING) if given and made else None


def _bounds(language: str) -> tuple[float, float]:
    """For the length of the output over the source's, by target language."""
    return (1 / LONGEST, 1 / SHORTEST) if language.startswith("azj") else (SHORTEST, LONGEST)


_END = re.compile(r"[.!?…][\"'”’»)\]]*\s*$")
_CLOSED = re.compile(r"[.!?…:;”»\"’)\]%]\s*$")
_HANGING = re.compile(
    r"(?:[,;:(«“–-]|(?<!\w)(?:və|ki|ilə|üçün|amma|lakin|yaxud|va|bilan|uchun|ammo|lekin|yoki|hamda))"
    r"\s*$"
)
CUT = 0.92  # of the source's length, without a final mark


def truncated(source: str, output: str, language: str) -> bool | None:
    """No end where the source has one: the output stops in a comma, an opened bracket or a
    conjunction, or without a mark and shorter than its source.

    None where the source itself ends without a mark, or nothing came out. A sentence that stops
    at its own full stop before the source does is not seen; ``under_long`` sees most of it.
    """
    if not _END.search(source) or not output.strip():
        return None
    if _END.search(output):
        return False
    if _HANGING.search(output):
        return True
    ratio = _ratio(source, output, language)
    return ratio is not None and ratio < CUT and not _CLOSED.search(output)
