"""One row of ``pairs.parquet``, and which languages it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect.files import tags, values
from data_prep.collect.files.rows import Row
from korpu.errors import UsageError
from korpu.languages import language
from korpu.schema import Corrections, Files, Hub, Opus

REQUIRED = ("src", "tgt")
OPTIONAL = (
    "src_lang", "tgt_lang", "document", "published", "licence", "may_redistribute",
    "synthetic_side",
)  # fmt: skip
SIDES = ("src", "tgt")
Source = Files | Hub | Opus | Corrections


def make(
    name: str, source: Source, line: int, langs: tuple[str, str], src: str, tgt: str, **more: Any
) -> dict[str, Any]:
    """A row; ``line`` counts the source's rows from 1. What ``more`` does not say is the source's.

    ``document`` is the source's own id, which the row holds as `source/id`.
    """
    row = {
        "origin": name,
        "line": line,
        "src_lang": langs[0],
        "tgt_lang": langs[1],
        "src": src,
        "tgt": tgt,
        "published": None,
        "licence": source.licence,
        "may_redistribute": source.may_redistribute,
        "trusted": False,
        "synthetic_side": getattr(source, "synthetic_side", None),
        "machine": None,
        "editor": None,
        **more,
    }
    row["document"] = f"{name}/{more.get('document') or line}"
    return row


def wanted(where: str, source: Source, why: str) -> tuple[str, str]:
    """The recipe's two languages of a source; raises ``UsageError`` where it does not say them."""
    if source.src_lang is None or source.tgt_lang is None:
        missing = "src_lang" if source.src_lang is None else "tgt_lang"
        raise UsageError(f"{where}.{missing} is not set; {why}")
    return language(source.src_lang).flores, language(source.tgt_lang).flores


def of_rows(
    where: str, name: str, source: Files | Hub, rows: Iterable[Row], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Pairs of a table's rows. Raises ``UsageError`` with the place of a value that is wrong."""
    zone = ZoneInfo(source.timezone)
    for line, (place, row) in enumerate(rows, 1):
        src, tgt = (values.text(row[side], place, side) for side in REQUIRED)
        if not src or not tgt:
            left_out["empty"] += 1
            continue
        langs = languages(where, source, row, place)
        if langs is None:
            left_out["other_languages"] += 1
            continue
        allowed = values.flag(row["may_redistribute"], place, "may_redistribute")
        yield make(
            name, source, line, langs, src, tgt,
            document=values.label(row["document"], place, "document"),
            published=values.moment(row["published"], zone, place, "published"),
            licence=values.text(row["licence"], place, "licence") or source.licence,
            may_redistribute=source.may_redistribute if allowed is None else allowed,
            synthetic_side=synthetic(source, row, place),
        )  # fmt: skip


def synthetic(source: Files | Hub, row: Mapping[str, Any], place: str) -> str | None:
    """The side that a machine wrote, as the row says, else the recipe; raises ``UsageError``."""
    side = values.text(row["synthetic_side"], place, "synthetic_side")
    if side and side not in SIDES:
        raise UsageError(f"{place}: synthetic_side is {side!r}; write src, tgt, or nothing")
    return side or source.synthetic_side


def languages(
    where: str, source: Files | Hub | Corrections, row: Mapping[str, Any], place: str
) -> tuple[str, str] | None:
    """The languages of a row, from its own tags, else from the recipe; None where they disagree.

    A row in the other direction of the recipe's pair agrees. Raises ``UsageError`` where neither
    says a language, or where only the row does and it is not a known one.
    """
    given = (source.src_lang, source.tgt_lang)
    known = tuple(language(code).flores for code in given if code is not None)
    found = []
    for side, fallback in zip(("src_lang", "tgt_lang"), given, strict=True):
        tag = values.text(row[side], place, side)
        if tag:
            code = tags.chosen(tag, known) or (None if len(known) == 2 else tags.flores(tag))
            if code is None and len(known) < 2:
                raise UsageError(
                    f"{place}: {side} is {tag!r}, which is no known language; write a tag such as "
                    "az, uz or uz-Cyrl"
                )
        elif fallback is not None:
            code = language(fallback).flores
        else:
            raise UsageError(
                f"{place}: nothing says what {side} is; set {where}.{side}, or give the column"
            )
        if code is None:
            return None
        found.append(code)
    if found[0] == found[1]:
        return None
    return found[0], found[1]
