"""Sentences of Azerbaijani and Uzbek news, by rules on what surrounds a full stop.

A mark ``. ! ? …`` (with closing quotes and brackets) followed by a space ends a sentence unless
what follows goes on in lower case, or what precedes is an abbreviation, an initial or a list
number. Abbreviation lists: the state orthography rules of both languages and what the shared
news lines and house styles of news agencies use.
"""

from __future__ import annotations

import re

# Stand before what they belong to, so never end a sentence: titles, places, references. Only
# what is not a word of its own (uz "uy." or az "kənd." may well end one).
_BEFORE = {
    "az": "prof akad dos dr müh tex mag cən gen kap küç pr məh şəh ş r ray cəd məs red tərt im "
    "b.e mr mrs ms st kv",
    "uz": "prof akad dots dr mag muh gen kap koʻch mav mah tum vil q sh jadv qar mas tahr kv "
    "mr mrs ms st r t",
    "uz_cyrl": "проф акад доц др ген кўч мав мах тум вил ш жадв қар мас таҳр р т кв",
    "az_cyrl": "проф акад дос др күч шәһ ш р мәс",
}
# Likewise, but only before a number: page 5, figure 2, house 12.
_BEFORE_NUMBER = {
    "az": "səh şək bax m ev",
    "uz": "bet rasm uy xon m",
    "uz_cyrl": "бет расм уй хон м",
    "az_cyrl": "сәһ шәк бах ев",
}
# Stand after a number or at the end of a list: end a sentence if a capital follows.
_AFTER = {
    "az": "km sm mm kq q t l san dəq man qəp i.a s v.s e.ə b.e.ə nəf",
    "uz": "km sm mm kg g t l s min daq y yy h.k b hok h.z b.q sh.k mil.av b.k",
    "uz_cyrl": "км см мм кг г т л с мин дақ й йй ҳ.к б ҳок ш.к",
    "az_cyrl": "км с и.а",
}
_MULTIPLIERS = frozenset({"mln", "mlrd", "trln", "млн", "млрд", "трлн"})
_CURRENCY = re.compile(
    r"[A-ZƏİŞÇÖÜĞА-ЯЎҚҒҲ]{2,}\b|(?:[Dd]ollar|[YyAa]e?v+ro|[Mm]anat|[Ss]oʻm|[Rr]ubl|[Ff]unt)"
)
_KEYS = {"azj_Latn": "az", "uzn_Latn": "uz", "uzn_Cyrl": "uz_cyrl", "azj_Cyrl": "az_cyrl"}
_WORDS_BEFORE = {k: frozenset(_BEFORE[v].split()) for k, v in _KEYS.items()}
_WORDS_NUMBER = {k: frozenset(_BEFORE_NUMBER[v].split()) for k, v in _KEYS.items()}
_WORDS_AFTER = {k: frozenset(_AFTER[v].split()) for k, v in _KEYS.items()}
_ANY_BEFORE = frozenset({"dr", "mr", "mrs", "ms", "st", "prof"})

_CLOSING = "\"'”’»)\\]}›"
_OPENING = "\"'“‘„«(\\[{‹"
_MARK = re.compile(
    rf"(?<![.!?…])(?P<mark>[.!?…]++)(?P<close>[{_CLOSING}]*+)(?P<gap>\s++)(?=\S)"  # no backtracking
)
_TOKEN = re.compile(r"(?!['‘’])[^\s\"“”„«»()\[\]{}–]+$")
_NEXT = re.compile(rf"(?P<dash>[–—-]\s+)?[{_OPENING}–—-]*(?P<first>\S)")
_INITIAL = re.compile(
    r"(?:(?:[^\W\d_]|[OGog][ʻ‘’'`]|[SC]h|Y[aueo]|Дж|Ts|Kh|Zh)\.-?)*"
    r"(?:[^\W\d_]|[OG][ʻ‘’'`]|[SC]h|Y[aueo]|Дж|Ts|Kh|Zh)"
)
_NUMBER = re.compile(r"(?:\d{1,3}|[IVXLC]{1,5}|[a-zа-я])(?:\.\d{1,2})*")
_LOOK_BACK = 40


def segment(text: str, language: str) -> list[str]:
    """The sentences of ``text`` in order, stripped; paragraphs end at ``\\n``.

    ``language`` is a FLORES code; without its own lists a language gets the general rules. The
    sentences joined hold every character of ``text`` but the white space between them.

    >>> segment("Prof. Ş. Əliyev 5 mln. manat ayırıb. Bu azdır.", "azj_Latn")
    ['Prof. Ş. Əliyev 5 mln. manat ayırıb.', 'Bu azdır.']
    """
    return [s for paragraph in paragraphs(text) for s in _sentences(paragraph, language)]


def paragraphs(text: str) -> list[str]:
    """The non-empty lines of ``text``, stripped."""
    return [stripped for line in text.split("\n") if (stripped := line.strip())]


def _sentences(paragraph: str, language: str) -> list[str]:
    sentences: list[str] = []
    start = 0
    for match in _MARK.finditer(paragraph):
        if _ends(paragraph, start, match, language):
            sentences.append(paragraph[start : match.start("gap")])
            start = match.end()
    sentences.append(paragraph[start:])
    return sentences


def _ends(paragraph: str, start: int, match: re.Match[str], language: str) -> bool:
    """Does the mark end the sentence that began at ``start``?"""
    following = _NEXT.match(paragraph, match.end())
    if following is None:
        return False  # only quotation marks and dashes are left
    first = following["first"]
    if first.islower():
        return False
    if following["dash"] and match["close"]:
        return False  # “…!” – Əli dedi: the speaker is still to come
    mark, at = match["mark"], match.start()
    if mark == "…" and paragraph[at - 1 : at] in ("[", "("):
        return False  # […] marks an omission
    if mark != "." or match["close"]:
        return True
    token = _TOKEN.search(paragraph, max(start, at - _LOOK_BACK), at)
    if token is None:
        return True
    if token[0].lower() in _MULTIPLIERS:
        return not (first.isdigit() or _CURRENCY.match(paragraph, following.start("first")))
    return not _continues(token[0], token.start() == start, first, language)


def _continues(token: str, starts_sentence: bool, first: str, language: str) -> bool:
    """Is the full stop after ``token`` part of an abbreviation, initial or list number?"""
    word = token.replace("‘", "ʻ").replace("’", "ʻ").replace("'", "ʻ").replace("`", "ʻ").lower()
    if word in _WORDS_BEFORE.get(language, _ANY_BEFORE):
        # "Ş." and "R." are initials too; either way the name follows
        return True
    if word in _WORDS_NUMBER.get(language, frozenset()) and first.isdigit():
        return True
    if word in _WORDS_AFTER.get(language, frozenset()) and not token[0].isupper():
        return first.isdigit()
    if _NUMBER.fullmatch(token) and starts_sentence:
        return True
    if _INITIAL.fullmatch(token):
        # a, b and c in lower case are list items or units; C after a number is a temperature
        return token[0].isupper() or "." in token
    return "." in token and token.islower() and "/" not in token and len(token) <= 9
