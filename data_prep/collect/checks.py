"""What can be wrong with the sources of a recipe, found before anything is fetched."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_prep.collect.page.extract import IDENTIFY
from korpu import log
from korpu.errors import UsageError
from korpu.languages import language
from korpu.schema import Files, Hub, Recipe, Sources

KINDS = ("site", "warc", "files", "hub", "opus", "corrections")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")


def each(sources: Sources) -> Iterator[tuple[str, str, Any]]:
    """(kind, name, source) of every source, kinds in order and names sorted."""
    for kind in KINDS:
        for name, source in sorted(getattr(sources, kind).items()):
            yield kind, name, source


def sources(recipe: Recipe) -> None:
    """Raise ``UsageError`` for what cannot be right; name the sites whose terms are unread."""
    found = list(each(recipe.source))
    if not found and recipe.source.shard is None:
        raise UsageError("source: there is nothing to collect; choose one, such as source=newsroom")
    for name, times in Counter(name for _, name, _ in found).items():
        if not _NAME.fullmatch(name):
            raise UsageError(f"source: {name!r} cannot be a name; use letters, digits, - and _")
        if times > 1:
            raise UsageError(f"source names must be unique, {name!r} is used twice")
    _date("collect.snapshot", recipe.collect.snapshot)
    for kind, name, source in found:
        _one(f"source.{kind}.{name}", source)
    for name, site in sorted(recipe.source.site.items()):
        if not site.terms_checked:
            log.say(f"  {name}: nobody has checked this site's terms (source.site.{name})")


def _one(where: str, source: Any) -> None:
    fields = {field.name for field in dataclasses.fields(source)}
    if "timezone" in fields:
        _zone(where, source.timezone)
    for name in ("since", "until"):
        if name in fields and getattr(source, name) is not None:
            _date(f"{where}.{name}", getattr(source, name))
    if "since" in fields and source.since and source.until and source.since > source.until:
        raise UsageError(f"{where}: since is {source.since}, which is after until {source.until}")
    for name in ("src_lang", "tgt_lang"):
        if name in fields and getattr(source, name) is not None:
            language(getattr(source, name))
    is_site = where.startswith("source.site.")
    if "languages" in fields:
        _languages(where, source.languages, is_site)
    if is_site and (not source.start or not source.languages):
        raise UsageError(f"{where}: start and languages must each name at least one")
    if where.startswith("source.warc.") and not source.languages:
        raise UsageError(f'{where}: languages must name at least one, such as {{"": {IDENTIFY}}}')
    if isinstance(source, Files | Hub):
        _given(where, source)


def _given(where: str, source: Files | Hub) -> None:
    if source.holds not in ("pairs", "articles"):
        raise UsageError(f"{where}.holds is {source.holds!r}; use pairs or articles")
    if source.synthetic_side not in (None, "src", "tgt"):
        raise UsageError(f"{where}.synthetic_side is {source.synthetic_side!r}; use src or tgt")
    if isinstance(source, Files):
        aligned = source.src is not None and source.tgt is not None
        if (source.path is not None) == aligned:
            raise UsageError(f"{where}: name either path, or src and tgt")


def _languages(where: str, languages: dict[str, str], is_site: bool) -> None:
    for prefix, code in languages.items():
        if code != IDENTIFY:
            language(code)
        if is_site and not prefix.startswith("/"):
            raise UsageError(f"{where}.languages: {prefix!r} must start with /")


def _zone(where: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"{where}.timezone: {name!r} is no time zone; write one such as Asia/Baku"
        ) from None


def _date(key: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{key}: {text!r} is no date; write YYYY-MM-DD") from None
