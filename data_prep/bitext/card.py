"""The data card: what the corpus holds, where from, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from data_prep.bitext import reasons
from data_prep.bitext.summary import Summary
from data_prep.text.versions import versions
from korpu import schema
from korpu.config import key_config
from korpu.languages import language

STEPS = {  # of the funnel: what is counted
    "pages": "fetched from the sites",
    "articles": "with a text of their own",
    "used_articles": "long enough, in a language and script of the corpus",
    "documents": "pairs of articles that report the same",
    "candidates": "sentence pairs that were aligned in them",
    "aligned_pairs": "sentence pairs from aligned files",
    "kept": "sentence pairs of the corpus",
}
# https://huggingface.co/docs/hub/repositories-licenses: what `license` may say, of SPDX's names
HUB_LICENCES = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0",
    "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0",
    "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0", "MIT", "MPL-2.0",
}  # fmt: skip

SIZES = (
    (10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"),
    (10**9, "1B"),
)  # fmt: skip


def render(recipe: schema.Recipe, summary: Summary, stats: Mapping[str, Any]) -> str:
    """The card as Markdown, with the front matter that `datasets` reads.

    ``stats`` are those of the stage. Workers and paths are not in it: the same corpus has the same
    card everywhere.
    """
    src, tgt = language(recipe.prepare.src_lang), language(recipe.prepare.tgt_lang)
    pivots = sorted({path.split("/")[0] for path in stats["pivots"]})
    parts = [
        f"# {recipe.name}: {src.name}–{tgt.name} sentence pairs",
        _what(recipe, summary),
        "## Splits",
        _splits(summary, stats),
        _how_split(recipe.prepare.split, recipe.seed),
        "## Origins and licences",
        _table(
            ("origin", "licence", "may be redistributed", "pairs"),
            summary.by("origin", "licence", "may_redistribute"),
        ),
        _terms(summary),
        "## Written by people or by machines",
        _synthetic(summary),
        "## From pages to pairs",
        _table(("step", "count", "of"), _funnel(stats["funnel"])),
        "## Rejected",
        _rejected(recipe.prepare, summary),
        "## Decontamination",
        _benchmarks(summary, stats["benchmarks"]),
        "## How to load it",
        _loading(src.flores, tgt.flores, pivots),
        "## Settings",
        _settings(recipe),
    ]
    return _front(recipe, summary, pivots, stats["pivots"]) + "\n\n".join(parts) + "\n"


def _front(
    recipe: schema.Recipe, summary: Summary, pivots: list[str], sizes: Mapping[str, int]
) -> str:
    codes = [recipe.prepare.src_lang, recipe.prepare.tgt_lang]
    codes += sorted({code for group in summary.groups for code in (group.src_lang, group.tgt_lang)})
    licences = sorted({group.licence for group in summary.groups})
    front: dict[str, Any] = {
        "pretty_name": recipe.name,
        "language": list(dict.fromkeys(language(code).iso for code in codes)),
        "task_categories": ["translation"],
        "multilinguality": "translation",
        "size_categories": [_size(summary.pairs)],
        **_licence(licences, summary.count(may_redistribute=False)),
        "configs": [
            {"config_name": name or "default", "data_files": _files(name, sizes)}
            for name in ("", *pivots)
        ],
    }
    front["configs"][0]["default"] = True
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)}---\n\n"


def _files(folder: str, sizes: Mapping[str, int]) -> list[dict[str, str]]:
    names = {"train": "train", "validation": "dev", "test": "test"}
    paths = {name: f"{folder}/{file}.parquet".lstrip("/") for name, file in names.items()}
    # `datasets` refuses a split without rows, which a pair with a pivot may have
    return [{"split": name, "path": path} for name, path in paths.items() if sizes.get(path, 1) > 0]


def _licence(licences: list[str], closed: int) -> dict[str, Any]:
    if licences and not closed and HUB_LICENCES.issuperset(licences):
        return {"license": [name.lower() for name in licences]}
    return {"license": "other", "license_name": " / ".join(filter(None, licences)) or "none"}


def _size(pairs: int) -> str:
    low = [name for least, name in SIZES if pairs >= least]
    high = [name for least, name in SIZES if pairs < least]
    if not low:
        return f"n<{high[0]}"
    return f"{low[-1]}<n<{high[0]}" if high else f"n>{low[-1]}"


def _what(recipe: schema.Recipe, summary: Summary) -> str:
    text = (
        f"{summary.pairs} pairs in {summary.documents} documents, in Latin script and one "
        f"orthography (normaliser version {versions()['normalize']}); {summary.rejected} more were "
        "rejected. Made by `korpu prepare`; sentences of articles were aligned by machine (they "
        "have a `score`, the margin), pairs of aligned files by whoever made the files."
    )
    if recipe.newsroom.serve:
        text += (
            " Its articles are a **synthetic newsroom's**: sentences from templates about invented "
            "events, a narrow domain that shows the machinery."
        )
    return text


def _splits(summary: Summary, stats: Mapping[str, Any]) -> str:
    rows = [
        (one.name, one.documents, one.first or "–", one.last or "–", one.undated, one.pairs)
        for one in summary.splits
    ]
    table = _table(("split", "documents", "from", "to", "undated pairs", "pairs"), rows)
    if not stats["pivots"]:
        return table
    own = "They count every pair of languages: "
    pairs = summary.by("src_lang", "tgt_lang")
    return table + f"\n\n{own}{', '.join(f'{src}-{tgt} {size}' for src, tgt, size in pairs)}."


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
    near = (
        " Documents that are nearly the same are in one split."
        if split.near_documents is not None
        else ""
    )
    return (
        f"{dated} What has no date {undated[split.undated]}.{only} A document is in one split "
        f"only.{near} No split shares a sentence with the test split, on either side; nor dev with "
        "train."
    )


def _terms(summary: Summary) -> str:
    asked = (
        "Whether text may be trained on and whether it may be handed on are two questions: crawled "
        "news may be trained on where the law allows it, and not be passed on. The column "
        "`may_redistribute` answers the second."
    )
    closed = summary.count(may_redistribute=False)
    if not closed:
        return f"{asked} All of this corpus may be handed on under the licences above."
    return (
        f"{asked} {closed} of {summary.pairs} pairs may be used for training here but not handed "
        "on, so this folder as a whole must not be; `korpu prepare export=DIR` writes what may."
    )


def _synthetic(summary: Summary) -> str:
    names = {
        None: "both sides, as far as their sources say",
        "src": "the target side; the source was translated by a machine",
        "tgt": "the source side; the target was translated by a machine",
    }
    rows = [
        (names.get(side, side), trusted, pairs)
        for side, trusted, pairs in summary.by("synthetic_side", "trusted")
    ]
    return _table(("written by people", "corrected by a journalist", "pairs"), rows)


def _funnel(counts: Mapping[str, int]) -> Iterable[tuple[str, int, str]]:
    return ((name.replace("_", " "), count, STEPS[name]) for name, count in counts.items())


def _rejected(prepare: schema.Prepare, summary: Summary) -> str:
    if not summary.reasons:
        return "Nothing was rejected."
    rows = [
        (
            one.name,
            reasons.meaning(one.name, prepare),
            "–" if one.documents is None else one.documents,
            one.pairs,
        )
        for one in sorted(summary.reasons, key=lambda one: (-one.pairs, one.name))
    ]
    found = {one.name for one in summary.reasons}
    idle = [name for name in reasons.filters(prepare) if name not in found]
    also = f" Tried, and broken by none: {', '.join(idle)}." if idle else ""
    return (
        "Every rejected pair is in `rejected.parquet`, with the first rule it broke; where a "
        f"reason takes documents whole, they are counted too.{also}\n\n"
        + _table(("reason", "which means", "documents", "pairs"), rows)
    )


def _benchmarks(summary: Summary, known: Mapping[str, str]) -> str:
    if not known:
        return "No benchmark was configured, so none was looked for."
    hits = {one.benchmark: one for one in summary.hits}
    rows = []
    for name, digest in sorted(known.items()):
        hit = hits.get(name)
        how = ", ".join(f"{how} {pairs}" for how, pairs in hit.how) if hit else "–"
        documents, pairs = (hit.documents, hit.pairs) if hit else (0, 0)
        rows.append((name, f"`{digest[:16]}`", how, documents, pairs))
    return (
        "Looked for on both sides, in both scripts, exact, inside longer text and nearly the same; "
        "a document that holds one line of a benchmark is rejected whole. Every hit is in "
        "`contamination.parquet`. The finished splits were checked once more, and hold none.\n\n"
        + _table(("benchmark", "sha256", "found", "documents", "pairs"), rows)
    )


def _loading(src: str, tgt: str, pivots: list[str]) -> str:
    lines = ["from datasets import load_dataset", "", 'corpus = load_dataset("FOLDER")']
    lines += [f'load_dataset("FOLDER", "{name}")' for name in pivots]
    lines += ['corpus["train"][0]["src"], corpus["train"][0]["tgt"]']
    return (
        f"`FOLDER` is where this file lies; the splits are train, validation and test, `src` is "
        f"{src} and `tgt` is {tgt}{' by default' if pivots else ''}.\n\n"
        "```python\n" + "\n".join(lines) + "\n```\n\n"
        "As line-aligned text and TMX: `korpu prepare export=DIR format=both`, with the overrides "
        "this corpus was made with."
    )


def _settings(recipe: schema.Recipe) -> str:
    told = key_config(recipe, ("prepare",))["prepare"]
    rows = [("seed", recipe.seed), *_flat("prepare", told)]
    rows += [(f"{name} (version)", version) for name, version in sorted(versions().items())]
    return "A file is named by its sha256.\n\n" + _table(
        ("setting", "value"), ((f"`{name}`", "null" if v is None else v) for name, v in rows)
    )


def _flat(where: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _flat(f"{where}.{name}", inside)
    elif isinstance(value, list):
        yield where, f"[{', '.join(map(str, value))}]"
    else:
        yield where, value


def _table(names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> str:
    head = list(names)
    body = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()).replace("|", "\\|") or "–"
