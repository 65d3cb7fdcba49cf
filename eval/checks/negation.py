"""Negation that was lost or invented.

Read in the verb (az gəlmir, gəlmədi, gəlməmiş, gəlməyən; uz kelmaydi, kelmadi, kelmagan, kelmasa)
and in words (deyil, yox, heç; emas, yoʻq, hech). What may say the same without a negated verb
(-sız, -siz, qeyri-, gʻayri-, rədd, inkor, əvəzinə, oʻrniga) is no negation by itself, but answers
one on the other side. Two negations in one clause are one meaning (heç kim gəlmədi), and yalnız
… deyil becomes a positive sentence as easily, so sides are compared by presence: a text with two
negations that loses one passes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from eval.checks.reading import KEPT, lower, other, pair

# Verbs are words in small letters (or the first of the text): Əhmədi and Hamadan are none. Nouns
# that end like a negated verb, and baxmayaraq and qaramay, which mean "although", are none either.
_AZ_NOUNS = "dəmir|təmir|kömür|xəmir|yağmur|namaz|almaz|nümay|sərmayə|baxmaya(?:raq|q)|vladimir"
_AZ_WORDS = (
    r"deyil(?:dir?\w*|mi|s[əi]\w*|[əi]m|ik|l[əi]r\w*|miş\w*)?"
    r"|yox(?:d[ıu]\w*|umuz|du|mu)?(?! et| ol)"  # not yox et-, destroy
    r"|heç(?!-)(?:nə\w*|kim\w*|kəs\w*)?"  # not heç-heçə, a draw
)
_AZ_ENDINGS = (
    r"m[ıiuü]r(?:[aə]m|s[aə]n|[ıiuü][qk]|s[ıiuü]n[ıiuü]z|l[aə]r|d[ıiuü]\w*|s[aə]\w*|m[ıiuü]ş\w*)?"
    r"|m[aə](?:y[ıi]b\w*|m[ıi]ş(?!d[aə]n)\w*|d[ıi](?:m|n|q|k|lar|lər|nız|niz)?|d[ıi][ğky]\w*"
    r"|y[aə]c[aə][qğky]\w*|z(?:l[aə]r|d[ıi]\w*|s[aə]\w*|l[ıi][qğky]\w*)?|m[aə]l[ıi]\w*|y[aə]n\w*"
    r"|y[aə]r[aə]q|m[aə][qğky]\w*|m[aə]s[ıi]\w*|s[ıi]n(?:l[aə]r)?|s[aə](?:yd[ıi]|l[aə]r|[qkmn])?"
    r"|y[ıi]n(?:iz|ız)?)"
)
_UZ_NOUNS = r"almas|olmos|qarama(?:y|sdan)"
_UZ_WORDS = (
    r"emas\w*|yoʻq(?:di\w*|mi|dir|man|san|miz|ligi\w*)?(?! qil)"  # not yoʻq qil-, destroy
    r"|hech\w*"
)
_UZ_ENDINGS = (
    r"ma(?:yapti\w*|y(?:man|san|miz|siz|di\w*)?|ydi\w*|di(?:m|ng|k|lar|ngiz)?|gan\w*"
    r"|s(?:lig\w*|lik\w*|dan|di\w*|a(?:m|ng|k|lar|ngiz|ydi)?|in(?:lar)?|mi|ku)?|yin|yoq\w*"
    r"|yotgan\w*|yotir\w*|ng(?:iz|lar)?|bdi\w*|jak)"
)
NEGATED = {  # by language: a negated verb or a word of negation
    "azj": re.compile(
        rf"(?<![\w-])(?:{_AZ_WORDS})(?!\w)"
        rf"|(?<![\w'’-])(?!(?:{_AZ_NOUNS})\w*)[a-zəöüğışç]{{1,24}}?(?:{_AZ_ENDINGS})(?!\w)"
    ),
    "uzn": re.compile(
        rf"(?<![\w-])(?:{_UZ_WORDS})(?!\w)"
        rf"|(?<![\w-])(?!(?:{_UZ_NOUNS})\w*)[a-zʻʼ]{{1,24}}?(?:{_UZ_ENDINGS})(?!\w)"
    ),
}
_AZ_MAYBE = (
    r"qeyri|na(?=məlum|razı)|nə(?!\w)|inkar|imtina|rədd|qadağa|istisna|əvəzinə|yalnız|çətin"
    r"|məhrum|itir|xeyr|yoxsa|mane|nadir|uğursuz|ləğv|unut|yoxa|qaçın|yanaşı|qarşısını al|dayan"
)
_UZ_MAYBE = (
    r"gʻayri|no(?=maʼlum|toʻgʻri|rozi|oʻrin|aniq|qulay|qo)|na(?!\w)|inkor|rad(?!i)|taqiq|istisno"
    r"|oʻrniga|faqat|qiyin|mahrum|yoʻqo|bosh tort|zoʻrgʻa|be(?=farq|kor|foyda|kam|hisob)"
    r"|voz kech|toʻs|yoʻqsa|bekor|unut|nafaqat|qatʼi nazar|oldini ol|toʻxta"
)
_MAYBE = {
    "azj": re.compile(
        r"s[ıiuü]z(?!\w)|m[aə]d[aə]n(?!\w)|s[ıiuü]z(?:l[ıiuü]|d|c[aə]|[ıiuü])"
        rf"|(?<!\w)(?:{_AZ_MAYBE})"
    ),
    "uzn": re.compile(rf"siz(?!\w)|siz(?:l|d|cha|ning|ni|ga)|(?<!\w)(?:{_UZ_MAYBE})"),
}


def negation_mismatch(source: str, output: str, language: str) -> bool | None:
    """A negated side whose other side has no negation and nothing that may stand for one.

    None where neither side is negated, or the pair is not az–uz.
    """
    sides = pair(source, output, language)
    theirs = other(language)
    if sides is None or theirs is None:
        return None
    one, two = _negated(sides[0], theirs), _negated(sides[1], language[:3])
    if not one[0] and not two[0]:
        return None
    return bool((one[0] and not any(two)) or (two[0] and not any(one)))


@lru_cache(maxsize=KEPT)
def _negated(text: str, language: str) -> tuple[bool, bool]:
    """(it is negated, it has what may stand for a negation)."""
    text = text.lstrip("“‘–- ")
    text = lower(text[:1]) + text[1:]
    return (
        NEGATED[language].search(text) is not None,
        _MAYBE[language].search(lower(text)) is not None,
    )
