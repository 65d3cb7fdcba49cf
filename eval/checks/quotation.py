"""Quoted speech that was lost or invented, with its marks."""

from __future__ import annotations

import re
from functools import lru_cache

from eval.checks.reading import KEPT, other, pair

SPEECH = 4  # words: shorter quotations are names and titles, which translators quote or do not
_SPAN = re.compile(r"“([^“”]*)”")
_SAID = {
    "azj": re.compile(
        r"(?<!\w)(?:de(?:y|d|m|di)\w*|diyə|bildir\w*|söylə\w*|vurğula\w*|qeyd|əlavə|açıqla\w*|yaz\w*|danış\w*"
        r"|xatırla\w*|cavab\w*|çatdır\w*|iddia|bəyan\w*|izah\w*|görə|adlandır\w*|ifadə|təkid|təsdiq\w*|sual\w*|soruş\w*)"
    ),
    "uzn": re.compile(
        r"(?<!\w)(?:de(?:y|d|g|b|m|s)\w*|ayt\w*|bildir\w*|taʼkidla\w*|qoʻshimcha|qayd|maʼlum|yoz\w*|gapir\w*"
        r"|eslat\w*|javob\w*|daʼvo|bayon\w*|tushuntir\w*|koʻra|ata\w*|xabar\w*|soʻz\w*|tasdiqla\w*|savol\w*|soʻra\w*|izoh\w*|fikr\w*)"
    ),
}


def quotation_lost(source: str, output: str, language: str) -> bool | None:
    """Quoted speech without any quotation on the other side, or without anyone who says it.

    Speech is a quoted span of four words or more. The other side may quote more or less of it,
    or set it off with a dash. Fails, too, where the source has a word for saying beside a
    quotation and the output has none. None where neither side has quoted speech.
    """
    sides = pair(source, output, language)
    theirs = other(language)
    if sides is None or theirs is None:
        return None
    one, two = _quoted(sides[0]), _quoted(sides[1])
    if not one[0] and not two[0]:
        return None
    if (one[0] and not any(two)) or (two[0] and not any(one)):
        return True
    return bool(one[0] and _said(sides[0], theirs) and not _said(sides[1], language[:3]))


@lru_cache(maxsize=KEPT)
def _quoted(text: str) -> tuple[bool, bool]:
    """(it has quoted speech, it has a quotation mark or a dash of speech)."""
    if not any(mark in text for mark in "“”‘–-"):
        return False, False
    speech = any(len(span.split()) >= SPEECH for span in _SPAN.findall(text))
    return speech, any(mark in text for mark in "“”‘") or bool(_DASH.search(text))


_DASH = re.compile(r"^[–-] ")


@lru_cache(maxsize=KEPT)
def _said(text: str, language: str) -> bool:
    """Whether someone says it, outside the quotation."""
    return _SAID[language].search(_SPAN.sub(" ", text)) is not None
