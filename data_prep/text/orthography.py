"""Uzbek Latin in the spelling of a reform, and back to the 1995 spelling korpu stores and scores.

Every reform since 1995 replaces the same four: oʻ gʻ sh ch by one letter each. Which letters, the
drafts disagree about (public reports, read in November 2026; none checked against a law's text):

- ``2021``: draft law put up for discussion in March 2021 (sangzor.uz, Gazeta.uz): ō ḡ ş ç.
- ``2023``: working group's proposal of 22 September 2023 (xabardor.uz, zarnews.uz): õ ğ ş c.
- ``2026``: law passed by the Legislative Chamber on 7 July and the Senate on 10 September 2026,
  said to be in force from 22 April 2027 (converters that follow it): ö ğ ş ç.

The ʼ of ``sʼh`` (Isʼhoq), which the 1995 digraph needs, is kept: without it there is no way back.
"""

from __future__ import annotations

import re

from korpu.errors import UsageError

ORTHOGRAPHIES = {
    "1995": {},
    "2021": {"oʻ": "ō", "gʻ": "ḡ", "sh": "ş", "ch": "ç"},
    "2023": {"oʻ": "õ", "gʻ": "ğ", "sh": "ş", "ch": "c"},
    "2026": {"oʻ": "ö", "gʻ": "ğ", "sh": "ş", "ch": "ç"},
}
"""Name → letters of 1995 → letters of that spelling, lower case."""

_TOKEN = re.compile(
    r"(?P<keep>https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w.-]+|[#@]\w+"
    r"|(?:\w{1,63}\.){1,5}(?:uz|com|org|net|ru)\b)|(?P<word>[^\W\d_][^\W\d_ʻʼ]*(?:[ʻʼ][^\W\d_]*)*)"
)
_FOREIGN = re.compile("[wW]|[cC](?![hH])")


def to_orthography(text: str, name: str) -> str:
    """1995 spelling (as ``normalize`` leaves it) in the spelling ``name``.

    Addresses, hashtags and words with w or a bare c stay as they are. Raises ``UsageError`` for
    an unknown name.

    >>> to_orthography("Oʻzbekiston SHAHAR choʻl togʻ, Washington, kun.uz", "2026")
    'Özbekiston ŞAHAR çöl toğ, Washington, kun.uz'
    """
    table = _table(name)
    if not table:
        return text
    pattern = re.compile("|".join(table), re.IGNORECASE)

    def letter(match: re.Match[str]) -> str:
        new = table[match[0].lower()]
        return new.upper() if match[0][0].isupper() else new

    def token(match: re.Match[str]) -> str:
        word = match["word"]
        return match[0] if not word or _FOREIGN.search(word) else pattern.sub(letter, word)

    return _TOKEN.sub(token, text)


def from_orthography(text: str, name: str) -> str:
    """The spelling ``name`` in that of 1995; the inverse on text without foreign words.

    A foreign word that has one of the new letters (Erdoğan) is respelled as well. A digraph is
    upper case as a whole beside another capital; AQŞ is AQSh.

    >>> from_orthography("Özbekiston ŞAHAR çöl toğ, Ş. Raşidov, AQŞ", "2026")
    'Oʻzbekiston SHAHAR choʻl togʻ, Sh. Rashidov, AQSh'
    """
    back = {new: old for old, new in _table(name).items()}
    if not back:
        return text
    letters = re.compile("[" + "".join(back) + "".join(back).upper() + "]")

    def token(match: re.Match[str]) -> str:
        word = match["word"]
        return letters.sub(lambda m: _digraph(m, back), word) if word else match[0]

    return _TOKEN.sub(token, text)


def _digraph(match: re.Match[str], back: dict[str, str]) -> str:
    old = back[match[0].lower()]
    if match[0].islower():
        return old
    word, i = match.string, match.start()
    beside = word[i - 1 : i].isupper() or word[i + 1 : i + 2].isupper()
    shouted = beside and not word.startswith("AQŞ")
    return old.upper() if shouted else old[0].upper() + old[1:]


def _table(name: str) -> dict[str, str]:
    if name not in ORTHOGRAPHIES:
        known = ", ".join(ORTHOGRAPHIES)
        raise UsageError(f"no Uzbek orthography {name!r}: use one of {known}")
    return ORTHOGRAPHIES[name]
