"""What the newsroom knows and a crawler has to find out: which sentences belong together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from examples.newsroom.event import TEST_FROM, Article, Event, Unit
from examples.newsroom.generate import Newsroom
from examples.newsroom.morphology import Language

FLORES: dict[Language, str] = {"az": "azj_Latn", "uz": "uzn_Latn"}


def write(newsroom: Newsroom, bases: Mapping[Language, str], out: Path) -> dict[str, int]:
    """Write `pairs.jsonl`, `articles.jsonl` and, last, `slices.jsonl` into the folder `out`.

    Each file appears whole or not at all.

    Args:
        newsroom: what was drawn.
        bases: the sites' addresses without a trailing slash, as they are served.
        out: made if it is missing.

    Returns:
        Lines per file.
    """
    out.mkdir(parents=True, exist_ok=True)
    return {
        "pairs": _dump(out / "pairs.jsonl", pairs(newsroom, bases)),
        "articles": _dump(out / "articles.jsonl", articles(newsroom, bases)),
        "slices": _dump(out / "slices.jsonl", slices(newsroom)),
    }


def pairs(newsroom: Newsroom, bases: Mapping[Language, str]) -> Iterator[dict[str, Any]]:
    """One line per sentence pair that stands on both pages, titles included (kind `headline`).

    A sentence that one page merges with its neighbour makes one line of kind `merged`, with both
    sentences of the other page joined by a space.
    """
    for event in newsroom.events:
        if len(event.articles) < 2:
            continue
        az, uz = event.articles["az"], event.articles["uz"]
        for members, az_text, uz_text in matched(event):
            used = [event.sentences[i] for i in members] or [event.headline]
            yield {
                "az": az_text,
                "uz": uz_text,
                "uz_script": uz.script,
                "kind": ("headline", "sentence", "merged")[len(members)],
                "template": "+".join(sentence.template.id for sentence in used),
                "desk": event.desk,
                "event": event.index,
                "az_url": bases["az"] + az.path,
                "uz_url": bases["uz"] + uz.path,
                "published": _iso(min(az.published, uz.published)),
                "late_template": any(sentence.template.late for sentence in used),
                "late_filler": any(sentence.late_filler for sentence in used),
            }


def matched(event: Event) -> Iterator[tuple[tuple[int, ...], str, str]]:
    """(sentence numbers, az text, uz text) present on both pages; the title has no number."""
    yield (), event.articles["az"].title, event.articles["uz"].title
    az, uz = (_by_member(event.articles[side]) for side in ("az", "uz"))
    done: set[int] = set()
    for first, unit in az.items():
        if first in done or first not in uz:
            continue
        members = tuple(sorted({*unit.members, *uz[first].members}))
        done.update(members)
        yield members, _join(az, members), _join(uz, members)


def articles(newsroom: Newsroom, bases: Mapping[Language, str]) -> Iterator[dict[str, Any]]:
    """One line per readable article page of both sites."""
    for page in newsroom.articles:
        other = None
        if page.event is not None:
            pages = newsroom.events[page.event].articles
            other = pages.get("uz" if page.site == "az" else "az")
        yield {
            "url": bases[page.site] + page.path,
            "counterpart": other and bases[other.site] + other.path,
            "hreflang": page.hreflang,
            "language": page.language,
            "script": page.script,
            "desk": page.desk,
            "event": page.event,
            "published": _iso(page.published),
        }


def slices(newsroom: Newsroom) -> Iterator[dict[str, str]]:
    """The slice of every text on or after `TEST_FROM`, as printed and sentence by sentence."""
    seen: set[tuple[str, str]] = set()
    for event in newsroom.events:
        if event.day < TEST_FROM:
            continue
        for side, code in FLORES.items():
            texts: dict[str, tuple[int, ...]] = {event.headline.text(side).rstrip("."): ()}
            texts.update({s.text(side): (i,) for i, s in enumerate(event.sentences)})
            if page := event.articles.get(side):
                texts.update({unit.text: unit.members for unit in _units(page) if unit.members})
            if len(event.articles) == 2:
                for members, az, uz in matched(event):
                    texts[az if side == "az" else uz] = members
            for text, members in texts.items():
                used = [event.sentences[i] for i in members] or [event.headline]
                late = (any(s.template.late for s in used), any(s.late_filler for s in used))
                if (code, text) not in seen:
                    seen.add((code, text))
                    yield {"language": code, "text": text, "slice": _SLICES[late]}


_SLICES = {
    (False, False): "plain",
    (True, False): "late_template",
    (False, True): "late_filler",
    (True, True): "late_both",
}


def _units(page: Article) -> Iterator[Unit]:
    for paragraph in page.paragraphs:
        yield from paragraph


def _by_member(page: Article) -> dict[int, Unit]:
    return {member: unit for unit in _units(page) for member in unit.members}


def _join(units: Mapping[int, Unit], members: Iterable[int]) -> str:
    return " ".join(dict.fromkeys(units[member].text for member in members))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dump(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    temporary.replace(path)
    return count
