"""TMX 1.4 translation memories: the variants of each unit in the two languages of the recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.collect.files import markup, tags
from korpu.errors import UsageError

_CODES = {"bpt", "ept", "it", "ph", "ut"}  # markup of the original; <hi> holds text
_DOCUMENT = {"document", "doc", "filename", "file", "source-file", "url"}  # of <prop type>, no x-
_SHOWN = 12  # languages in a message


@dataclass
class Unit:
    """A translation unit: its texts by language tag, in order."""

    line: int
    id: str
    document: str | None = None
    texts: list[tuple[str, str]] = field(default_factory=list)


def pairs(
    path: Path, key: str, wanted: tuple[str, str], left_out: Counter[str]
) -> Iterator[tuple[str, str, str]]:
    """(source, target, document) of every combination of a unit's variants.

    A document is the unit's own property, else the file and the unit. Counts units without a
    target under `no_target`, without a source under `other_languages`. Raises ``UsageError`` with
    file and line for malformed XML, and for a file none of whose units has the pair.
    """
    languages: Counter[str] = Counter()
    both = False
    for unit in units(path, key):
        languages.update(sorted({tag for tag, _ in unit.texts}))  # a set has no order
        sides: dict[str, list[str]] = {code: [] for code in wanted}
        for tag, text in unit.texts:
            code = tags.chosen(tag, wanted)
            if code is not None:
                sides[code].append(text)
        src, tgt = (sides[code] for code in wanted)
        if not src or not tgt:
            left_out["no_target" if src else "other_languages"] += 1
            continue
        both = True
        document = unit.document or f"{path.name}:{unit.id}"
        for one in src:
            for two in tgt:
                if one and two:
                    yield one, two, document
                else:
                    left_out["empty"] += 1
    if not both:
        raise without_pair(path, "unit", languages, wanted)


def without_pair(
    path: Path, what: str, languages: Counter[str], wanted: tuple[str, str]
) -> UsageError:
    """The error of a file without the two languages: which it has, which were wanted."""
    has = [f"{tag} ({count})" for tag, count in languages.most_common(_SHOWN)]
    said = f"its languages are {', '.join(has)}" if has else "it has none at all"
    return UsageError(
        f"{path}: no {what} is in both {wanted[0]} and {wanted[1]}, {said}; give another file or "
        "change src_lang and tgt_lang"
    )


def units(path: Path, key: str) -> Iterator[Unit]:
    """The units of a file, one at a time."""
    unit: Unit | None = None
    segment: markup.Segment | None = None
    language = ""
    holds = ""  # what the segment is: seg, or prop of a unit
    count = 0
    for event in markup.events(path, key):
        if event.kind == "text":
            if segment is not None:
                segment.add(event.word)
        elif event.kind == "start":
            given = event.attributes
            if event.word == "tu":
                count += 1
                unit = Unit(event.line, given.get("tuid") or str(count))
                language = ""
            elif event.word == "tuv":
                language = given.get("xml:lang") or given.get("lang") or "?"
            elif event.word == "seg":
                segment, holds = markup.Segment(path, event.line), "seg"
            elif event.word == "prop" and unit and not language and _is_document(given):
                segment, holds = markup.Segment(path, event.line), "prop"
            elif segment is not None and event.word in _CODES:
                if given.get("type") == "lb":
                    segment.add(" ")
                segment.depth += 1
        elif event.word == "tu" and unit is not None:
            yield unit
            unit = None
        elif event.word == "tuv":
            language = ""
        elif segment is not None and event.word in _CODES:
            segment.depth -= 1
        elif segment is not None and event.word == holds:
            if unit is not None and holds == "seg":
                unit.texts.append((language or "?", segment.text()))
            elif unit is not None:
                unit.document = segment.text() or None
            segment = None


def _is_document(given: dict[str, str]) -> bool:
    return given.get("type", "").lower().removeprefix("x-") in _DOCUMENT
