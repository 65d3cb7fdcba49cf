"""What an exported folder says of itself: whose pairs these are, and under which licence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LICENCES, NOTICE = "LICENCES.txt", "NOTICE"
Kind = tuple[str, str, bool]  # origin, licence, may be redistributed


@dataclass
class Counts:
    """Pairs by kind, written and kept back, and the rows of each split (`pair/split`)."""

    written: dict[Kind, int] = field(default_factory=dict)
    closed: dict[Kind, int] = field(default_factory=dict)
    forgotten: int = 0
    splits: dict[str, int] = field(default_factory=dict)

    @property
    def pairs(self) -> int:
        return sum(self.written.values())

    @property
    def kept_back(self) -> int:
        return sum(self.closed.values())

    @property
    def private(self) -> int:
        """Pairs that were written and may not be handed on."""
        return sum(size for (_, _, may), size in self.written.items() if not may)


def licences(name: str, counts: Counts) -> Iterator[str]:
    """Lines of ``LICENCES.txt``: what of each origin is here, and what was left out."""
    yield f"Corpus {name}, exported by `korpu prepare export=…`."
    yield "Each pair has the licence of its origin, named in the .ids and .tmx files too."
    kinds = {*counts.written, *counts.closed}
    rows = [("origin", "licence", "may be handed on", "pairs here", "left out")]
    rows += [
        (
            origin or "-",
            licence or "-",
            "yes" if may else "no",
            str(counts.written.get((origin, licence, may), 0)),
            str(counts.closed.get((origin, licence, may), 0)),
        )
        for origin, licence, may in sorted(kinds)
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    yield ""
    for row in rows:
        texts = (row[at].ljust(widths[at]) for at in range(3))
        numbers = (row[at].rjust(widths[at]) for at in (3, 4))
        yield "  ".join((*texts, *numbers))


def notice(name: str, counts: Counts) -> str:
    """``NOTICE`` of a folder that must not be passed on."""
    return (
        f"FOR PRIVATE USE. Of the {counts.pairs} pairs of {name} in this folder, {counts.private} "
        "may be used for training where\nthe law allows it, and may not be handed on: do not "
        f"publish or pass on this folder. {LICENCES} says which.\nWithout all=true they are left "
        "out.\n"
    )


def nothing(counts: Counts) -> str:
    """Why there is nothing to export."""
    if counts.kept_back:
        return (
            f"none of the corpus's {counts.kept_back} pairs may be handed on, so there is nothing "
            "to export; all=true writes them for private use"
        )
    return "every pair of the corpus is of an article that was taken down; nothing is exported"


def told(counts: Counts, out: Path) -> Iterator[str]:
    """Lines for the person who exported."""
    for name, size in counts.splits.items():
        yield f"  {name}: {size:,} pairs"
    if counts.kept_back:
        yield (
            f"  left out: {counts.kept_back:,} pairs that may not be handed on; all=true writes "
            "them for private use"
        )
    if counts.private:
        yield f"  for private use: {counts.private:,} pairs may not be handed on, see {NOTICE}"
    if counts.forgotten:
        yield f"  left out: {counts.forgotten:,} pairs of articles that were taken down"
    yield f"export    {out}"
