"""Which rows of the corpus are learned from, in which directions, as token ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.bitext import folders
from korpu.artifact import Artifact
from korpu.errors import UsageError
from korpu.languages import direction
from korpu.nllb import tokens
from korpu.schema import Select, Train

TAG = "(BT)"
"""Before a source that a machine wrote (Caswell et al. 2019, "Tagged Back-Translation").

Plain text of characters that every vocabulary here has, with no row of its own in the embeddings,
which adapters leave alone. Nothing that is decoded ever has it."""
COLUMNS = ("id", "src_lang", "tgt_lang", "src", "tgt", "origin", "section", "synthetic_side")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """One row in one direction. ``source`` and ``target`` are ``[code] tokens </s>``.

    ``tagged``: the source was written by a machine, and begins with ``TAG``.
    """

    id: str
    direction: str
    source: list[int]
    target: list[int]
    origin: str = ""
    tagged: bool = False


@dataclass(frozen=True)
class Pair:
    """One row in one direction, as text."""

    id: str
    src: str
    tgt: str


def of(prepared: Artifact, split: str, directions: Sequence[str]) -> list[Row]:
    """A split's rows: the corpus's own pair of languages, and the pairs the directions name.

    Pairs with a further language lie in folders of their own, in whichever order they are named.
    Raises ``UsageError`` for what is no corpus file.
    """
    paths = folders.files(prepared, split, directions)
    return [row for path in paths for row in read(path)]


def read(path: Path) -> list[Row]:
    """The rows of a corpus file, in file order; raises ``UsageError`` where it is not one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_table(path, columns=list(COLUMNS), use_threads=False).to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path} is not a corpus file: {str(error).splitlines()[0]}") from error


def select(rows: Sequence[Row], wanted: Select, where: str) -> list[Row]:
    """Rows of the named origins and sections; an empty list does not restrict.

    Raises ``UsageError`` naming the origins and sections there are, where nothing is left.
    """
    found = [
        row
        for row in rows
        if (not wanted.origin or row["origin"] in wanted.origin)
        and (not wanted.section or row["section"] in wanted.section)
    ]
    if not found:
        origins = sorted({str(row["origin"]) for row in rows})
        sections = sorted({str(row["section"]) for row in rows if row["section"] is not None})
        raise UsageError(
            f"{where} selects no pair of the corpus (origin {wanted.origin}, section "
            f"{wanted.section}); it has origins {origins} and sections {sections}"
        )
    return found


def rows_to_learn(rows: Sequence[Row], recipe: Train, where: str) -> tuple[list[Row], list[Row]]:
    """The rows a run learns and the rows it mixes in; a row is never both."""
    new = select(rows, recipe.select, f"{where}.select")
    if recipe.mix_share <= 0:
        return new, []
    if recipe.mix_share >= 1:
        raise UsageError(f"{where}.mix_share must be below 1, not {recipe.mix_share}")
    taken = {row["id"] for row in new}
    old = [row for row in select(rows, recipe.mix, f"{where}.mix") if row["id"] not in taken]
    if not old:
        raise UsageError(f"{where}.mix has only rows that {where}.select has; set mix_share=0")
    return new, old


def turned(row: Row, name: str, machine_targets: Collection[str] = ()) -> tuple[str, str] | None:
    """Which of a row's sides are source and target of a direction; None where it gives none.

    A side that a machine wrote is no target, but in rows of the origins ``machine_targets``.
    """
    source, target = direction(name)
    if (row["src_lang"], row["tgt_lang"]) == (source, target):
        sides = ("src", "tgt")
    elif (row["src_lang"], row["tgt_lang"]) == (target, source):
        sides = ("tgt", "src")
    else:
        return None
    machine = row["synthetic_side"] == sides[1] and row["origin"] not in machine_targets
    return None if machine else sides


def pairs(rows: Sequence[Row], name: str) -> list[Pair]:
    """Rows that give a direction, turned round where they are stored the other way.

    A side that a machine wrote is never a target.
    """
    return [
        Pair(row["id"], row[sides[0]], row[sides[1]])
        for row in rows
        if (sides := turned(row, name))
    ]


def examples(
    rows: Sequence[Row],
    directions: Sequence[str],
    tokenizer: Any,
    max_tokens: int,
    machine_targets: Collection[str] = (),
    *,
    tag: bool = False,
) -> tuple[list[Example], int]:
    """Encode rows in every direction; returns the examples and how many were too long.

    ``machine_targets`` are as in ``turned``; ``tag`` puts ``TAG`` before sources that a machine
    wrote. Raises ``UsageError`` for a direction that no row gives, and where the vocabulary cannot
    write the tag.
    """
    found: list[Example] = []
    too_long = 0
    if tag and tokens.unknown(tokenizer, [TAG]):
        raise UsageError(f"this vocabulary cannot write the tag {TAG!r}; set tag_synthetic=false")
    for name in directions:
        source, target = direction(name)
        chosen = [(row, s) for row in rows if (s := turned(row, name, machine_targets))]
        if not chosen:
            there = sorted({f"{row['src_lang']}-{row['tgt_lang']}" for row in rows})
            raise UsageError(
                f"the selected corpus has no pair for the direction {name}; it has "
                f"{', '.join(there)} (further languages: prepare.pivots, and an origin in select)"
            )
        tagged = [tag and row["synthetic_side"] == sides[0] for row, sides in chosen]
        sources = [
            f"{TAG} {row[sides[0]]}" if marked else row[sides[0]]
            for (row, sides), marked in zip(chosen, tagged, strict=True)
        ]
        encoded = zip(
            chosen,
            tagged,
            tokens.encode(tokenizer, sources, source),
            tokens.encode(tokenizer, [row[sides[1]] for row, sides in chosen], target),
            strict=True,
        )
        for (row, _), marked, src, tgt in encoded:
            if max(len(src), len(tgt)) > max_tokens:
                too_long += 1
            else:
                found.append(Example(row["id"], name, src, tgt, row["origin"], marked))
    if not found:
        raise UsageError(f"every pair has more than max_tokens={max_tokens} tokens; raise it")
    return found, too_long


def validation(rows: Sequence[Row], run: Train) -> dict[str, list[Pair]]:
    """Up to ``validate_lines`` dev pairs a direction, the same ones every time.

    Rows are taken by id, which is a hash, so they are spread over documents. A direction without
    dev rows is left out.
    """
    chosen: dict[str, list[Pair]] = {}
    wanted = [
        row
        for row in rows
        if (not run.select.origin or row["origin"] in run.select.origin)
        and (not run.select.section or row["section"] in run.select.section)
    ]
    for name in run.directions:
        found = sorted(pairs(wanted, name), key=lambda pair: pair.id)[: run.validate_lines]
        if found:
            chosen[name] = found
    return chosen
