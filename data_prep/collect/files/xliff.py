"""XLIFF 1.2 and 2.x: source and target of every unit or segment in the recipe's two languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_prep.collect.files import markup, tags
from data_prep.collect.files.tmx import without_pair
from korpu.errors import UsageError

_UNITS = {"trans-unit", "segment"}  # 1.2 and 2.x
_CODES = {"ph", "bpt", "ept", "it", "x", "bx", "ex", "sc", "ec", "sm", "em"}  # not g, pc, mrk
_UNTRANSLATED = {"new", "needs-translation", "initial"}  # the last is 2.x
_BREAKS = {"lb", "xlf:lb", "x-lb", "break"}
# Other places that hold a source and a target: suggestions, history
_ELSEWHERE = {"alt-trans", "matches", "match", "changeTrack", "glossary", "bin-unit", "ignorable"}


@dataclass
class Unit:
    """A unit (1.2) or segment (2.x); ``src`` and ``tgt`` are None where it has none."""

    document: str
    tags: tuple[str | None, str | None]
    untranslated: bool
    src: str | None = None
    tgt: str | None = None


def pairs(
    path: Path, key: str, wanted: tuple[str, str], left_out: Counter[str]
) -> Iterator[tuple[str, str, str]]:
    """(source, target, document) in the recipe's direction, also where the file goes the other way.

    Counts units without a translation under `no_target`, units of files in other languages under
    `other_languages`. Raises ``UsageError`` with file and line for malformed XML, and for a file
    that is in other languages altogether.
    """
    languages: Counter[str] = Counter()
    fitting = False
    for unit in units(path, key):
        languages["-".join(tag or "?" for tag in unit.tags)] += 1
        turned = _turned(unit.tags, wanted)
        if turned is None:
            left_out["other_languages"] += 1
            continue
        fitting = True
        if unit.tgt is None or unit.untranslated:
            left_out["no_target"] += 1
        elif not unit.src or not unit.tgt:
            left_out["empty"] += 1
        else:
            src, tgt = (unit.tgt, unit.src) if turned else (unit.src, unit.tgt)
            yield src, tgt, unit.document
    if not fitting:
        raise without_pair(path, "unit", languages, wanted)


def _turned(given: tuple[str | None, str | None], wanted: tuple[str, str]) -> bool | None:
    """Whether a file goes from our target to our source; None where it is in other languages."""
    for turned, codes in ((False, wanted), (True, wanted[::-1])):
        fits = [tag is None or tags.fits(tag, code) for tag, code in zip(given, codes, strict=True)]
        if given[0] is not None and all(fits):
            return turned
    return None


def units(path: Path, key: str) -> Iterator[Unit]:
    """The units or segments of a file, one at a time.

    Raises ``UsageError`` for XML that is not XLIFF.
    """
    stack: list[str] = []
    langs: tuple[str | None, str | None] = (None, None)
    document = path.name
    unit: Unit | None = None
    segment: markup.Segment | None = None
    elsewhere = 0
    for event in markup.events(path, key):
        given = event.attributes
        if event.kind == "text":
            if segment is not None:
                segment.add(event.word)
            continue
        if event.kind == "start":
            if not stack and event.word != "xliff":
                raise UsageError(
                    f"{path}, line {event.line}: this is <{event.word}>, where <xliff> is expected"
                )
            parent = stack[-1] if stack else ""
            stack.append(event.word)
            elsewhere += event.word in _ELSEWHERE
            if elsewhere:
                continue
            if event.word == "xliff":
                langs = (given.get("srcLang"), given.get("trgLang"))
            elif event.word == "file":
                document = given.get("original") or given.get("id") or path.name
                langs = (
                    given.get("source-language", langs[0]),
                    given.get("target-language", langs[1]),
                )
            elif event.word in _UNITS:
                unit = Unit(document, langs, given.get("state") in _UNTRANSLATED)
            elif unit is not None and event.word in ("source", "target") and parent in _UNITS:
                segment = markup.Segment(path, event.line)
                unit.untranslated |= given.get("state") in _UNTRANSLATED
                _own_language(unit, event)
            elif segment is not None:
                _inline(segment, event)
            continue
        stack.pop()
        if elsewhere:
            elsewhere -= event.word in _ELSEWHERE
        elif unit is not None and event.word in _UNITS:
            yield unit
            unit = None
        elif segment is not None and unit is not None and stack[-1] in _UNITS:
            if event.word == "source":
                unit.src = segment.text()
            else:
                unit.tgt = segment.text()
            segment = None
        elif segment is not None and event.word in _CODES:
            segment.depth -= 1


def _own_language(unit: Unit, event: markup.Event) -> None:
    """xml:lang of a side, where the file itself does not say the language."""
    own = event.attributes.get("xml:lang")
    src, tgt = unit.tags
    unit.tags = (src or own, tgt) if event.word == "source" else (src, tgt or own)


def _inline(segment: markup.Segment, event: markup.Event) -> None:
    given = event.attributes
    if event.word in _CODES:
        if given.get("ctype") in _BREAKS or given.get("subType") in _BREAKS:
            segment.add(" ")
        segment.depth += 1
    elif event.word == "cp":  # a character that XML cannot hold
        segment.add(" ")
