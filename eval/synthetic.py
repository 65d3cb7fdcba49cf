"""People's sentences, a model's translations of them, and which of the pairs are kept.

Work is cut into fixed shards, each complete or absent, so that a killed run continues and gives the
same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from data_prep.bitext import columns, shards
from data_prep.text.identify import foreign
from eval import checks, monolingual
from eval.load import Translate
from korpu import log
from korpu.artifact import File, Result
from korpu.errors import UsageError
from korpu.schema import Filter

SHARD = 512  # sentences translated and kept at once
PAIRS, REJECTED = "synthetic.parquet", "rejected.parquet"
COLUMNS: Mapping[str, Any] = {
    "src_lang": pl.String, "tgt_lang": pl.String, "src": pl.String, "tgt": pl.String,
    "synthetic_side": pl.String, "origin": pl.String, "document": pl.String,
    "published": pl.String, "licence": pl.String, "may_redistribute": pl.Boolean,
}  # fmt: skip
SHARDED = {**COLUMNS, "reason": pl.String}
HUMAN: Mapping[str, Any] = {
    "text": pl.String, "origin": pl.String, "document": pl.String, "published": pl.String,
    "licence": pl.String, "may_redistribute": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is translated by whom. ``side`` is the machine's in the written pairs."""

    value: str
    direction: tuple[str, str]
    system: str
    side: str

    @property
    def human(self) -> str:
        return "tgt" if self.side == "src" else "src"


def run(
    asked: Asked, load: Callable[[], Translate], rules: Filter, paths: Sequence[Path], out: Path
) -> Result:
    """Write ``PAIRS`` and ``REJECTED``; ``load`` is called once there is something to translate.

    The result says no where nothing is kept. Raises ``UsageError`` where the input has no sentence
    in the language.
    """
    human = _cut(asked, paths, out / "work" / "human")
    if not human:
        raise UsageError(f"{asked.value} has no sentence in {asked.direction[0]}")
    work = partial(translated, system=load(), asked=asked, rules=rules)
    with shards.crew(1) as crew:
        done = shards.build(human, work, out / "work" / "translated", crew=crew, what="translate")
    return _written(done, out)


def _cut(asked: Asked, paths: Sequence[Path], folder: Path) -> list[Path]:
    """The input in shards; those that are there already are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    shards.sweep(folder)
    found = (
        sentence
        for path in paths
        for sentence in monolingual.sentences(path, asked.direction[0], asked.human)
    )
    made: list[Path] = []
    with log.progress("read", None, "sentences") as advance:
        while part := list(islice(found, SHARD)):
            path = folder / shards.name(len(made), batched=False)
            if not path.exists():
                rows = [{name: getattr(one, name) for name in HUMAN} for one in part]
                shards.keep(pl.DataFrame(rows, schema=HUMAN), path)
            made.append(path)
            advance(len(part))
    return made


def translated(path: Path, system: Translate, asked: Asked, rules: Filter) -> pl.DataFrame:
    """A shard's pairs as ``SHARDED``: ``reason`` says why one is not kept, and is else null."""
    rows = pl.read_parquet(path)
    texts = rows["text"].to_list()
    source, target = asked.direction
    other = foreign(texts, [source] * len(texts))
    reasons: list[str | None] = [
        "input_language" if wrong else _unfit(text, rules)
        for text, wrong in zip(texts, other, strict=True)
    ]
    asked_for = [place for place, reason in enumerate(reasons) if reason is None]
    outputs = [""] * len(texts)
    made = system([texts[place] for place in asked_for], asked.direction)
    for place, output in zip(asked_for, made, strict=True):
        outputs[place] = output
        reasons[place] = problem(texts[place], output, target, rules.max_ratio)
    return rows.with_columns(
        pl.Series(asked.human, texts),
        pl.Series(asked.side, outputs),
        pl.Series("reason", reasons, dtype=pl.String),
        **{f"{asked.human}_lang": pl.lit(source), f"{asked.side}_lang": pl.lit(target)},
        synthetic_side=pl.lit(asked.side),
    ).select(list(SHARDED))


def _unfit(text: str, rules: Filter) -> str | None:
    if len(text) < rules.min_characters:
        return "input_short"
    return "input_long" if len(text) > rules.max_characters else None


def problem(source: str, output: str, language: str, max_ratio: float) -> str | None:
    """Why a translation into a language is not kept; None where nothing cheap speaks against it."""
    sizes = len(source), len(output)
    found = {
        "empty": checks.empty(source, output, language),
        "copied": checks.copied(source, output, language),
        "repeated": checks.repeated(source, output, language),
        "language": checks.wrong_script(source, output, language)
        or checks.off_target(source, output, language),
        "ratio": max(sizes) > max_ratio * min(sizes),
    }
    return next((name for name, failed in found.items() if failed), None)


def _written(done: Sequence[Path], out: Path) -> Result:
    kept = columns.Table(out / PAIRS, COLUMNS)
    rejected = columns.Table(out / REJECTED, SHARDED)
    reasons: Counter[str] = Counter()
    for path in done:
        rows = pl.read_parquet(path)
        kept.add(rows.filter(pl.col("reason").is_null()))
        rejected.add(rows.filter(pl.col("reason").is_not_null()))
        reasons.update(rows["reason"].drop_nulls().to_list())
    sizes = kept.close(), rejected.close()
    why = dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))
    stats = {"sentences": sum(sizes), "kept": sizes[0], "rejected": why}
    files = File(PAIRS, rows=sizes[0]), File(REJECTED, rows=sizes[1])
    told = ", ".join(f"{name} {count}" for name, count in why.items())
    return Result(files, stats, None if sizes[0] else f"no translation is worth keeping: {told}")
