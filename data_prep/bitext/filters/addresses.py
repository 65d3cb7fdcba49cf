"""URLs, e-mail addresses and @handles must be the same on both sides.

Compared without scheme, ``www.``, closing punctuation and the case endings that follow them, and
without what names the language of a page (az.example.org and uz.example.org/uz/).
"""

from __future__ import annotations

import re

import polars as pl

from data_prep.bitext.filters.rows import either, judged

_ENDS = "com|org|net|info|edu|gov|int|io|az|uz|ru|tr|eu|uk|kz|tv|me"
_SUFFIX = r"-?(?:n[ıiuü]n|n[ıiuü]|d[aə]n?|[ydn]?[aəıiuü]|ning|ni|ga|da|dan|dagi|gacha|dək[ıi])"
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?P<mail>[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"|(?:https?://|www\.)(?P<url>[a-z0-9\[_-][^\s<>\"“”„»«‹›{}|]*)"
    r"|(?<![\w.@/])(?P<handle>@[a-z0-9_]{2,})"
    rf"|(?<![\w@./-])(?P<site>(?:[a-z0-9-]+\.)*[0-9-]*[a-z][a-z0-9-]*\.(?:{_ENDS}))"
    rf"(?:(?P<path>/[^\s<>\"“”„»«‹›{{}}|]*)|(?={_SUFFIX}(?!\w)|[ʻʼ‘’'-]|(?![\w])))"
)
_HINT = rf"(?i)://|www\.|@\w|\.(?:{_ENDS})\b|\.(?:{_ENDS})(?:{_SUFFIX})\b"
_LANGUAGE = re.compile(r"(?:^|(?<=[/=]))(?:az|uz|ru|en|tr|oz)(?:[./]|$|(?=&))")
_ENDING = re.compile(rf"(?:[ʻʼ‘’']\w*|{_SUFFIX.replace('-?', '-')})$")
_NAME = re.compile(rf"([a-z0-9-]{{3,}})\.(?:{_ENDS})")
_AFTER_END = re.compile(rf"(?<=\.)({_ENDS}){_SUFFIX}$")


def broken(rows: pl.DataFrame) -> pl.Series:
    """For each row whether the sides hold different addresses."""
    return judged(rows, either(_HINT), differ)


def differ(src: str, tgt: str) -> bool:
    """Whether a side has an address that the other has not.

    A site that is a name (Amazon.com) may be only the name on the other side.
    """
    one, two = addresses(src), addresses(tgt)
    return _missing(one, two, tgt) or _missing(two, one, src)


def _missing(addresses_: set[str], others: set[str], text: str) -> bool:
    return any(not _named(address, text) for address in addresses_ - others)


def _named(address: str, text: str) -> bool:
    name = _NAME.fullmatch(address)
    if name is None:
        return False
    return re.search(rf"(?<![\w.-]){re.escape(name[1])}(?!\.\w)", text.lower()) is not None


def addresses(text: str) -> set[str]:
    """The addresses of a text, as they are compared.

    >>> addresses("https://www.example.org/az/a-b. saytından, News@example.az-a")
    {'example.org/a-b', 'news@example.az'}
    """
    found = set()
    for match in _ADDRESS.finditer(text.lower() if "@" in text or "." in text else ""):
        address = match["mail"] or match["url"] or match["handle"]
        if not address:
            address = match["site"] + (match["path"] or "")
        address = address.rstrip(".,;:!?)]}'’”…/*")
        address = _ENDING.sub("", address).rstrip("/")
        if match["mail"]:
            address = _AFTER_END.sub(r"\1", address)
        found.add(_LANGUAGE.sub("", address.removeprefix("www.")).rstrip("/"))
    return found - {""}
