"""Sentences of Azerbaijani and Uzbek news, by rules on what surrounds a full stop.

A mark ``. ! ? …`` (with closing quotes and brackets) followed by a space ends a sentence unless
what follows goes on in lower case, tells who said it, or what precedes is an abbreviation, an
initial or a list number. Every look around a mark is bounded, so time is linear in the text.
Measured in ``docs/text_segment.md``; the rules were chosen on the even cases of
``tests/text/cases``.
"""

from __future__ import annotations

import re

from data_prep.text.abbreviations import MULTIPLIERS, lists

_LOWER, _UPPER = "a-zçəğıöşüʻʼа-яёўқғҳәҝҹһ", "A-ZÇƏĞİÖŞÜА-ЯЁЎҚҒҲӘҜҸҺ"
_CLOSING = "\"'”’»)\\]}›"
_OPENING = "\"'“‘„«(\\[{‹"
# The gap may be missing between a word and a capitalised one (…bildirib.O, …), but not in Kun.Uz.
_GLUED = (
    rf"(?<=[{_LOWER}]{{3}}[.!?])(?=[“«]?[{_UPPER}](?:[{_LOWER}]|[ʻ‘’']?[{_LOWER}]|,?\s))"
    r"(?!(?:Az|Uz|Com|Org|Net|Ru|Tr|Js|Info|Gov|Edu)\b)"
)
_MARK = re.compile(  # possessive quantifiers: no backtracking
    rf"(?P<mark>[.!?…](?<![.!?…][.!?…])[.!?…]*+)(?P<close>(?:[{_CLOSING}]|\[\d{{1,3}}\])*+)"
    rf"(?P<gap>\s++(?=\S)|{_GLUED})"
)
_TOKEN = re.compile(r"\S+$")
_APART = frozenset('"“”„«»()[]{}–—')  # stand between tokens, as spaces do
_LONE = re.compile(r"([\"”»])\s++(?=\S)")  # “Gəl! ” Sonra
_NEXT = re.compile(rf"(?:[\"”»]\s++)?(?P<dash>[–—-]\s+)?[{_OPENING}–—-]*(?P<first>\S)")
_LETTER = r"(?:[OGog][ʻ‘’'`´ʼ]|[SCsc]h|Y[aueo]|Дж|Ts|Kh|Zh|[^\W\d_])"
_INITIAL = re.compile(rf"(?:{_LETTER}\.-?)*{_LETTER}")
_NUMBER = re.compile(r"(?:\d{1,3}|[IVXLC]{1,5}|[a-zа-я])(?:\.\d{1,2})*")
_DATE = re.compile(r"(?<!\d)\d{1,2}\.\s?\d{1,2}\.\s?(?:19|20)\d\d(?!\d)")
_SPACED = re.compile(r"(?:(?<![\w.])[^\W\d_]{1,2}\.\s){1,4}$")  # of "va h. k."
_SHORT_PIECES = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]{1,2}")
_DOMAIN = re.compile(r"(?:az|uz|ru|tr|io|me|tv|kz|uk|eu)$")
_ROMAN = re.compile(r"[IVXLC]+\b|[ХVI]+\b")
_STARTS_LOWER = re.compile(
    r"[a-z]{1,3}[A-Z]|https?://|www\.|[a-z\d-]+\.(?:az|uz|com|org|net|ru|info)\b"
)
# A letter that is the name of something, not a person's: group C, vitamin C, 220 V.
_LETTERED = re.compile(
    r"(?:qrup|guruh|гуруҳ|группа|vitamin|витамин|[hg]epatit|гепатит|plan|план|sinif|sinf|синф"
    r"|kateqoriya|kategoriya|категория|variant|blok|корпус|korpus|terminal|терминал)\w{0,6}$",
    re.IGNORECASE,
)

VERSION = "2"
"""Raised when the same text would be cut elsewhere."""
_UNIT = frozenset("VAWCFKNLСВАКНЛ")
_CURRENCY = re.compile(
    rf"[{_UPPER}]{{2,}}h?\b"
    r"|(?i:(?:[\w-]++\s++){0,2}(?:dollar|ye?vro|avro|manat|soʻm|so['‘’`]m|rubl|funt|lirə|lira|tengə|tenge"
    r"|tanga|iyen|iyena|yuan|frank|rial|dirham|dirhəm|somoni|доллар|евро|манат|сўм|рубл|фунт|лира"
    r"|тенге|юан|иена))"
)
_SPEECH = (
    r"dedi|deyib|deyir|demişdi|söylə(?:di|yib)|soruş(?:du|ub)|bildir(?:di|ib|ir)|qışqır(?:dı|ıb)"
    r"|pıçıldadı|cavab ver(?:di|ib)|səslən(?:di|ib)|(?:əlavə|qeyd) (?:etdi|edib|edir)"
    r"|vurğula(?:dı|yıb)|çağırdı|təkrarladı|güldü"
    r"|dey(?:di|apti|dilar)|degan|so[ʻ‘’'`ʼ]ra(?:di|gan|ydi)|baqir(?:di|gan)|qichqirdi|pichirladi"
    r"|javob (?:berdi|qildi)|ta[ʻ‘’'`ʼ]kidla(?:di|gan)|chaqirdi|xitob qildi|qo[ʻ‘’'`ʼ]shimcha qildi"
    r"|aytdi|aytgan|деди|дейди|деган|сўра(?:ди|ган)|бақирди|қичқирди|пичирлади|жавоб берди"
    r"|таъкидла(?:ди|ган)|чақирди|айтди"
)
_WHO = r"(?!b(?:u|elə|unu|unday|uni)\b|shunday|шундай|бу\b|буни\b)[\w'ʻ‘’ʼ.-]++\s++"
_SAID = re.compile(
    rf"(?:(?:{_WHO}){{0,4}}(?:{_SPEECH})(?:lar|lər)?|(?:{_SPEECH})(?: [\w'ʻ‘’ʼ-]+){{1,3}})"
    r"\s*(?:[.,:;!?–—-]|$)",
    re.IGNORECASE,
)
_SAID_SHORTLY = re.compile(rf"(?:{_WHO}){{1,2}}(?:{_SPEECH})\s*(?:[.,:;!–—-]|$)", re.I)
_LOOK_BACK = 40
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’'`´ʼ", "ʻ"))


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
    start = counted = quotes = 0
    for match in _MARK.finditer(paragraph):
        if match.end() > start and _ends(paragraph, start, match, language):
            end, begins = match.start("gap"), match.end()
            lone = _LONE.match(paragraph, begins)
            if lone:
                quotes, counted = quotes + paragraph.count('"', counted, end), end
                if lone[1] != '"' or quotes % 2:  # it closes what was opened before
                    end, begins = lone.end(1), lone.end()
            sentences.append(paragraph[start:end])
            start = begins
    sentences.append(paragraph[start:])
    return sentences


def _ends(paragraph: str, start: int, match: re.Match[str], language: str) -> bool:
    """Does the mark end the sentence that began at ``start``?"""
    following = _NEXT.match(paragraph, match.end())
    if following is None:
        return False  # only quotation marks and dashes are left
    first, mark, close, at = following["first"], match["mark"], match["close"], match.start()
    where = following.start("first")
    if where == len(paragraph) - 1 and not first.isalnum():
        return False  # only a quotation mark is left
    if first.islower() and not _STARTS_LOWER.match(paragraph, where):
        return False
    if first in ",;:&/+=%" or _is_opening(paragraph, start, at):
        return False  # "s. , armud"; "... Biz isə gözləyirik" has just begun
    if following["dash"]:
        if close or _SAID.match(paragraph, where):
            return False  # “…!” – Əli dedi: the speaker is still to come
    elif close and mark[0] in "!?" and _SAID_SHORTLY.match(paragraph, where):
        return False
    if close and paragraph[at - 1 : at] in ("[", "("):
        return False  # […] marks an omission, (!) and (?) surprise
    if mark != ".":
        return True
    token = _token(paragraph, start, at)
    if token is None:
        return True
    if close:
        return not (close[0] == ")" and _lists_in_brackets(paragraph, start, token, language))
    if match["gap"] == "":
        return not re.search("[/@_]", token[0]) and not _is_before(token[0], language)
    if token[0].lower() in MULTIPLIERS and not (
        token[0] in ("min", "мин") and language[:2] == "uz"
    ):
        return not (first.isdigit() or _CURRENCY.match(paragraph, where))
    return not _continues(paragraph, start, token, where, language)


def _token(paragraph: str, start: int, at: int) -> re.Match[str] | None:
    """What stands before ``at`` without a space, at most ``_LOOK_BACK`` characters of it."""
    begin, least = at, max(start, at - _LOOK_BACK)
    while begin > least and not (paragraph[begin - 1] in _APART or paragraph[begin - 1].isspace()):
        begin -= 1
    while begin < at and paragraph[begin] in "'‘’":
        begin += 1
    return _TOKEN.match(paragraph, begin, at)


def _is_opening(paragraph: str, start: int, at: int) -> bool:
    return at - start <= 2 and not paragraph[start:at].strip("\"'“‘„«([{‹–—- ")


def _plain(token: str) -> str:
    """Lower case, one kind of apostrophe, without what a hyphen ties it to (2010-y.)."""
    word = token.translate(_APOSTROPHES).lower()
    head, _, tail = word.rpartition("-")
    return tail if head[-1:].isdigit() or (head[-1:] == "." and "." not in tail) else word


def _is_before(token: str, language: str) -> bool:
    return _plain(token) in lists(language)[0]


def _lists_in_brackets(paragraph: str, start: int, token: re.Match[str], language: str) -> bool:
    """Is it the full stop of "… (Bakı, Gəncə və s.) Xəzər …", inside a sentence?"""
    opened = paragraph.rfind("(", max(start, token.start() - 400), token.start())
    return opened > start and any(_plain(token[0]) in words for words in lists(language)[:3])


def _continues(paragraph: str, start: int, found: re.Match[str], where: int, language: str) -> bool:
    """Is the full stop after a token part of an abbreviation, initial or list number?

    ``where``: the first letter or digit of what follows.
    """
    token, first = found[0], paragraph[where]
    before, number, after, era = lists(language)
    word = _plain(token)
    if word in before:  # "Ş." and "R." are initials too; either way the name follows
        return not (len(token) == 1 and token.isupper()) or not _names(paragraph, start, found)
    if len(token) <= 2 and token.islower():
        spaced = _SPACED.search(paragraph, max(start, found.start() - 12), found.start())
        if spaced and spaced[0].islower():
            word = "".join(spaced[0].split()) + word
    if word in number and first.isdigit():
        return True
    if word in era and token.islower():
        return first.isdigit() or _ROMAN.match(paragraph, where) is not None
    if word in after and not token[0].isupper():
        return first.isdigit()
    if _NUMBER.fullmatch(token):
        return _is_list_number(paragraph, start, found)
    if _INITIAL.fullmatch(token):
        # a, b and c in lower case are list items or units; C after a number is a temperature
        if token[0].islower() and "." not in word:
            return False
        return "." in token or not _names(paragraph, start, found)
    return _SHORT_PIECES.fullmatch(word) is not None and not _DOMAIN.search(word)


def _is_list_number(paragraph: str, start: int, found: re.Match[str]) -> bool:
    """1. at the start, after a colon, or in 12. 05. 2025; V. may be a name's first letter."""
    if found.start() == start or _preceding(paragraph, start, found) in (":", ";"):
        return True
    for date in _DATE.finditer(paragraph, max(start, found.start() - 5), found.end() + 12):
        if date.start() <= found.start() and found.end() < date.end():
            return True
    if not found[0].isalpha() or len(found[0]) > 1:
        return False
    return found[0].isupper() and not _names(paragraph, start, found)


def _names(paragraph: str, start: int, found: re.Match[str]) -> bool:
    """Is a single capital letter the name of a group, a vitamin or a unit after a number?"""
    before = _preceding(paragraph, start, found)
    if before[:1].isdigit() and before[-1:].isdigit():
        return found[0] in _UNIT
    return _LETTERED.search(before) is not None


def _preceding(paragraph: str, start: int, found: re.Match[str]) -> str:
    """The word before a token, or the colon that ends it; "" if no space stands between."""
    before = paragraph[max(start, found.start() - _LOOK_BACK) : found.start()]
    words = before.rsplit(None, 1) if before[-1:].isspace() else []
    return "" if not words else words[-1][-1] if words[-1][-1] in ":;" else words[-1]
