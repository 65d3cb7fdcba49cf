"""The data card: what the corpus holds, where from, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from data_prep.text.normalize import VERSION
from korpu import schema
from korpu.languages import language


def render(recipe: schema.Recipe, judged: pl.DataFrame, stats: Mapping[str, Any]) -> str:
    """The card as Markdown, with the front matter that `datasets` reads."""
    kept = judged.filter(pl.col("reason").is_null())
    src, tgt = language(recipe.prepare.src_lang), language(recipe.prepare.tgt_lang)
    licences = sorted(kept["licence"].unique())
    return "\n".join(
        [
            *_front(src.iso, tgt.iso, licences),
            f"# {recipe.name}: {src.name}–{tgt.name} sentence pairs",
            "",
            f"{kept.height} pairs in {kept['document'].n_unique()} documents, in Latin script and "
            f"one orthography (normaliser version {VERSION}). Made by `korpu prepare`; text from "
            "articles was aligned by machine, text from aligned files by people.",
            "",
            "## Splits",
            *_table(_by(kept, "split"), "split"),
            "",
            _how_split(recipe.prepare.split, recipe.seed),
            "A document is in one split only. No split shares a sentence with the test split, on "
            "either side; nor dev with train.",
            "",
            "## Origins and licences",
            *_table(_by(kept, "origin", "licence", "may_redistribute"),
                    "origin", "licence", "may be redistributed"),
            "",
            _terms(kept),
            "",
            "## From pages to pairs",
            *_table(_spaced(stats["funnel"]), "step", last="count"),
            "",
            "## Rejected",
            "Every rejected pair is in `rejected.parquet`, with the first rule it broke.",
            "",
            *_table(stats["rejected"].items(), "reason"),
            "",
            "## Settings",
            *_settings(recipe.prepare),
            "",
            "## Decontamination",
            _benchmarks(stats["benchmarks"]),
            "",
        ]
    )  # fmt: skip


def _front(src: str, tgt: str, licences: list[str]) -> list[str]:
    files = [
        line
        for name in ("train", "dev", "test")
        for line in (
            f"  - split: {'validation' if name == 'dev' else name}",
            f"    path: {name}.parquet",
        )
    ]
    return [
        "---",
        f"language: [{src}, {tgt}]",
        "task_categories: [translation]",
        "license: other",
        f"license_name: {' / '.join(licences) or 'none'}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *files,
        "---",
        "",
    ]


def _by(kept: pl.DataFrame, *names: str) -> Iterable[tuple[Any, ...]]:
    return kept.group_by(names).len().sort(names).iter_rows()


def _table(rows: Iterable[tuple[Any, ...]], *names: str, last: str = "pairs") -> list[str]:
    head = [*names, last]
    body = [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body]


def _spaced(counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return ((name.replace("_", " "), count) for name, count in counts.items())


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("|", "\\|")


def _how_split(split: schema.Split, seed: int) -> str:
    by_document = (
        f"by a hash of seed {seed} and document: dev {split.dev_share:g}, test "
        f"{split.test_share:g} of the documents"
    )
    undated = {"reject": "is rejected", "train": "is in train", "document": f"goes {by_document}"}
    dated = (
        f"Train ends before {split.dev_from}, dev before {split.test_from}, and test begins then "
        "(UTC, the later of the two sides)."
        if split.dev_from
        else f"Dated documents go {by_document}."
    )
    only = f" {', '.join(split.train_only)}: train only." if split.train_only else ""
    return f"{dated} What has no date {undated[split.undated]}.{only}"


def _terms(kept: pl.DataFrame) -> str:
    closed = kept.filter(~pl.col("may_redistribute")).height
    if not closed:
        return "All of it may be handed on under the licences above."
    return f"{closed} pairs may be used for training here but not handed on."


def _settings(prepare: schema.Prepare) -> list[str]:
    rows = [
        (f"{part}.{name}", value)
        for part in ("align", "filter")
        for name, value in vars(getattr(prepare, part)).items()
    ]
    return ["", "| setting | value |", "|---|---|", *(f"| `{n}` | {_cell(v)} |" for n, v in rows)]


def _benchmarks(known: Mapping[str, str]) -> str:
    if not known:
        return "No benchmark was configured, so none was looked for."
    named = ", ".join(f"{name} (sha256 {digest[:16]})" for name, digest in known.items())
    return (
        f"Checked against {named}: folded, both sides, inside longer text too; a document that "
        "holds one line of them is rejected whole. The finished splits were checked once more."
    )
