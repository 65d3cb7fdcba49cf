"""Named currencies must not contradict: dollars that became euros, manats that became rubles.

By name in both languages with any suffix, by sign and by ISO 4217 code. Australian and other
dollars are dollars; a side that names none contradicts nothing.
"""

from __future__ import annotations

import re
from collections import Counter

import polars as pl

from data_prep.bitext.filters.rows import both, judged

_START = r"(?<![^\W\d_])"  # no letter before: rubl is not in qurublar, lirə not in bilirəm
_SURE = {  # currency: what is it wherever it stands
    "manat": _START + r"manat(?!e)\w*|₼|\bazn\b",
    "soʻm": _START + r"soʻm\w*|\buzs\b",
    "dollar": _START + r"dollar\w*|\$(?![0-9]?[a-z{])|\busd\b",
    "euro": r"(?<!\w)(?:y?evro|avro|euro)(?!p|kub|vid|news)\w*|€|\beur\b",
    "ruble": _START + r"rubl\w*|₽|\brub\b",
    "lira": _START + r"lir[aə](?!t)\w*|₺|\btry\b",
    "pound": r"funt[\s-]?sterlin[qg]\w*|£|\bgbp\b",
    "yuan": r"\bcny\b",
    "yen": r"¥|\bjpy\b",
    "rupee": _START + r"rupi\w*|₹|\binr\b",
    "tenge": _START + r"t[eə]n[gq][eə](?:si|ni|ning|dən|dan|lik)?(?!\w)|₸|\bkzt\b",
    "hryvnia": _START + r"[qg]rivna\w*|₴|\buah\b",
}
_COUNTED = {  # and what is it only after a number
    "soʻm": r"s[ou]m",
    "pound": r"funt",
    "yuan": r"yuan",
    "yen": r"iyen|yen(?!i(?!n))",  # not yeni, new
    "franc": r"frank",
    "rial": r"ri[ya]l",
    "lari": r"lari",
    "dinar": r"dinar",
}
_NUMBER = r"(?:[0-9]|\b(?:mi[nl]|ming|ml|milyo|millio|milya|millia|trily|trilli|yüz|yuz)\w*)\s?-?"
_CURRENCY = re.compile(
    "|".join(f"(?P<s{number}>{pattern})" for number, pattern in enumerate(_SURE.values()))
    + "|"
    + _NUMBER
    + "(?:"
    + "|".join(f"(?P<c{number}>{p}\\w*)" for number, p in enumerate(_COUNTED.values()))
    + ")"
)
_GROUPS = {f"s{number}": name for number, name in enumerate(_SURE)} | {
    f"c{number}": name for number, name in enumerate(_COUNTED)
}
_HINTS = (
    "$", "€", "£", "¥", "₼", "₽", "₺", "₹", "₸", "₴", "manat", "dollar", "vro", "euro", "rubl",
    "lira", "lirə", " funt", " yuan", " yen ", " iyen", "rupi", "teng", "təng", "rivna", " frank",
    " rial", " riyal", " lari", " dinar", " sum", " som", "soʻm", "soʼm", "so'm", "so`m", "so‘m",
    "so’m", "AZN", "UZS", "USD", "EUR", "RUB", "TRY", "GBP", "CNY", "JPY", "INR", "KZT", "UAH",
)  # fmt: skip


def broken(rows: pl.DataFrame) -> pl.Series:
    """For each row whether the sides name different currencies."""
    return judged(rows, both(_HINTS), differ)


def differ(src: str, tgt: str) -> bool:
    """Whether each side names a currency more often than the other does."""
    one, two = named(src), named(tgt)
    return bool(one - two) and bool(two - one)


_APOSTROPHES = str.maketrans("ʼ‘’'`´", "ʻ" * 6)


def named(text: str) -> Counter[str]:
    """The currencies that a sentence names, and how often.

    >>> sorted(named("500 avroluq çek, 20 $"))
    ['dollar', 'euro']
    """
    return Counter(name for name, _, _ in mentions(text))


def mentions(text: str) -> list[tuple[str, str, str]]:
    """Each currency that a sentence names, with up to 64 characters before and after it."""
    lower = text.replace("İ", "i").translate(_APOSTROPHES).lower()
    found = []
    for match in _CURRENCY.finditer(lower):
        group = match.lastgroup or ""
        start, end = match.start(group), match.end()
        found.append((_GROUPS[group], lower[max(0, start - 64) : start], lower[end : end + 64]))
    return found
