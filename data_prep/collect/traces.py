"""Where an article went: the snapshots, corpora, runs, reports and bundles that were made from it.

What holds the article's own text is read from the files; what was made from those follows from the
manifests, which name their inputs by key and by the sha256 of the inputs' manifests.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from data_prep.collect import known_as
from data_prep.collect.forget import spellings
from korpu.artifact import Artifact
from korpu.schema import Recipe
from korpu.stages import STAGES

SPLITS = ("train", "dev", "test", "rejected")
LEARNT = ("train", "dev")  # the splits a run sees: to learn from, and to choose its weights by
BUNDLES = "bundles"


@dataclass
class Trace:
    """One place. ``holds`` says what of the article is in it, empty where it was only made from
    what does; ``by`` says what it was made from."""

    stage: str
    directory: Path
    holds: str = ""
    by: str = ""
    rows: dict[str, int] = field(default_factory=dict)  # of a corpus, by split
    ids: dict[str, set[str]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)  # of its dev rows, both sides


# ── what was made from it ──────────────────────────────────────────────────────────────────────


def report(recipe: Recipe, urls: frozenset[str]) -> list[str]:
    """Lines for a person: every place by stage, and what to do."""
    outputs, registry = Path(recipe.runtime.outputs), Path(recipe.release.registry)
    found, unknown = trace(outputs, registry, urls)
    lines = []
    for stage in [*STAGES, BUNDLES]:
        of_stage = [one for one in found if one.stage == stage]
        if of_stage:
            lines.append(stage)
        for one in of_stage:
            said = "; ".join(filter(None, (one.holds and f"has {one.holds}", one.by)))
            lines.append(f"  {one.directory}  {said}")
    if not found:
        lines.append(f"  nothing below {outputs} has it, and nothing was made from it")
    if unknown:
        lines.append("made from something that is gone, so nobody can say whether they have it:")
        lines += [f"  {path}" for path in unknown]
    lines += _versions(outputs, urls)
    return lines + _remedies(found)


def trace(outputs: Path, registry: Path, urls: frozenset[str]) -> tuple[list[Trace], list[Path]]:
    """Every place that has an article or was made from it, in the order of the stages; and the
    directories of which nobody can say, since an input of theirs is gone."""
    made = [one for stage in STAGES for one in known_as.artifacts(outputs, stage)]
    found: dict[Path, Trace] = {}
    names: dict[str, Trace] = {}  # by key and by manifest
    known = {name for one in made for name in _names(one.reference())}
    unknown = []
    for holder in _snapshots(outputs, made, urls):
        found[holder.directory] = holder
    for one in made:
        above = [
            names[name]
            for reference in one.manifest["inputs"]
            for name in _names(reference)
            if name in names
        ]
        above = list({id(other): other for other in above}.values())
        trace_of = found.get(one.directory) or _made_from(one, above, urls)
        if trace_of is not None:
            found[one.directory] = trace_of
            if _passes_on(trace_of):
                names |= dict.fromkeys(_names(one.reference()), trace_of)
        elif one.stage != "prepare" and _lost(one.manifest["inputs"], known):
            unknown.append(one.directory)
            known -= {*_names(one.reference())}
    corpora = [one for one in found.values() if one.stage == "prepare"]
    texts = set[str]().union(*(one.texts for one in corpora))
    bundles: list[Trace] = []
    for place, made_from in _bundles(outputs, registry):
        above = [names[name] for inside in made_from for name in _names(inside) if name in names]
        if above:
            bundles.append(_bundle(place, above, texts))
        elif _lost(made_from, known):
            unknown.append(place)
    return [*found.values(), *bundles], unknown


def _lost(inputs: Sequence[Mapping[str, str]], known: set[str]) -> bool:
    """Whether one of the inputs is gone. (A corpus is not asked: its own rows say what it has.)"""
    return any(known.isdisjoint(_names(reference)) for reference in inputs)


def _names(reference: Mapping[str, str]) -> tuple[str, str]:
    """Either is enough: a directory that was deleted and made again has the same key."""
    return f"{reference.get('stage', '')}:{reference['key']}", reference["manifest_sha256"]


def _passes_on(one: Trace) -> bool:
    """A corpus none of whose rows is from the article gives nothing of it to anybody."""
    return one.stage != "prepare" or any(one.rows.get(split) for split in (*LEARNT, "test"))


def _snapshots(outputs: Path, made: Sequence[Artifact], urls: frozenset[str]) -> list[Trace]:
    """Snapshots with the article as a row, or with its page in an archive of theirs."""
    holding: dict[Path, set[str]] = {}  # archives with the page, by directory
    digests: set[str] = set()  # of these archives: later snapshots have the same files
    for crawled in known_as.frontiers(outputs):
        for row in known_as.fetched(crawled, set(urls)):
            if row["file"] is None:
                continue
            path = f"raw/{row['file']}"
            holding.setdefault(crawled.directory, set()).add(path)
            if crawled.made is not None:
                listed = crawled.made.manifest["files"]
                digests |= {entry["sha256"] for entry in listed if entry["path"] == path}
    found = []
    snapshots = [one for one in made if one.stage == "collect"]
    for one in snapshots:
        table = known_as.table(one, "articles.parquet")
        same = pl.col("url").is_in(list(urls))
        if "page" in table.collect_schema():
            same |= pl.col("page").is_in(list(urls))
        rows = table.filter(same).select("site").collect()["site"].to_list()
        files = {e["path"] for e in one.manifest["files"] if e["sha256"] in digests}
        files |= holding.get(one.directory, set())
        said = [f"the article of {', '.join(sorted(set(rows)))}"] if rows else []
        said += [f"its page in {', '.join(sorted(files))}"] if files else []
        if said:
            found.append(Trace("collect", one.directory, " and ".join(said)))
    begun = holding.keys() - {one.directory for one in snapshots}
    for directory in sorted(begun):
        holds = f"its page in {', '.join(sorted(holding[directory]))}"
        found.append(Trace("collect", directory, holds, "is not finished, and will leave it out"))
    return found


def _made_from(one: Artifact, above: Sequence[Trace], urls: frozenset[str]) -> Trace | None:
    if one.stage == "prepare":
        return _corpus(one, above, urls)
    if not above:
        return None
    corpora = [other for other in above if other.stage == "prepare"]
    models = [other for other in above if other.stage in ("base", "train")]
    if one.stage in ("base", "train"):
        said = [f"trained with {other.directory}, {_rows(other, LEARNT)}" for other in corpora
                if any(other.rows.get(split) for split in LEARNT)]  # fmt: skip
        said += [f"began from {other.directory}" for other in models]
        return Trace(one.stage, one.directory, by="; ".join(said)) if said else None
    holds = _sentences(one, corpora) if one.stage == "evaluate" else ""
    if one.stage == "evaluate" and not holds and not models:
        return None
    by = f"made from {', '.join(str(other.directory) for other in _closest(above))}"
    return Trace(one.stage, one.directory, holds, by)


def _closest(above: Sequence[Trace]) -> Sequence[Trace]:
    """Of everything that something was made from, what says the most: the last model."""
    for stages in (("train",), ("base",), ("evaluate", "gate")):
        if found := [one for one in above if one.stage in stages]:
            return found
    return above


def _corpus(one: Artifact, above: Sequence[Trace], urls: frozenset[str]) -> Trace | None:
    found = Trace("prepare", one.directory)
    addresses = list(urls)
    for split in SPLITS:
        rows = (
            known_as.table(one, f"{split}.parquet")
            .filter(pl.col("src_url").is_in(addresses) | pl.col("tgt_url").is_in(addresses))
            .select("id", "src", "tgt")
            .collect()
        )
        if rows.height:
            found.rows[split] = rows.height
            found.ids[split] = set(rows["id"])
        if split == "dev":
            found.texts = set(rows["src"]) | set(rows["tgt"])
    if found.rows:
        found.holds = _rows(found, SPLITS)
    elif above:
        found.by = "made from a snapshot that has it, but no row of it is from the article"
    else:
        return None
    return found


def _rows(corpus: Trace, splits: Sequence[str]) -> str:
    """`12 rows of it (train 10, rejected 2)`."""
    counts = {split: corpus.rows[split] for split in splits if split in corpus.rows}
    total = sum(counts.values())
    each = ", ".join(f"{split} {count}" for split, count in counts.items())
    return f"{total} {'row' if total == 1 else 'rows'} of it ({each})"


def _sentences(one: Artifact, corpora: Sequence[Trace]) -> str:
    """How many lines of a report's hypotheses are the article's."""
    ids = set().union(*(other.ids.get("test", set()) for other in corpora))
    seen = 0
    for entry in one.manifest["files"]:
        if ids and entry["path"].startswith("hypotheses/"):
            with (one.directory / entry["path"]).open(encoding="utf-8") as lines:
                seen += sum(json.loads(line)["id"] in ids for line in lines)
    return f"{seen} lines of it in hypotheses/" if seen else ""


def _bundles(outputs: Path, registry: Path) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """Bundles, with what they were made from: those of the registry, and those that releases of
    these outputs published elsewhere."""
    places = {path.parent.resolve(): path.parent for path in registry.glob("*/versions/*/*.json")}
    for one in known_as.artifacts(outputs, "release"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            path = Path(json.loads((one.directory / "bundle.json").read_text("utf-8"))["path"])
            places.setdefault(path.resolve(), path)
    for place in sorted(places.values()):
        with contextlib.suppress(OSError, ValueError, KeyError):
            made_from = json.loads((place / "MANIFEST.json").read_text("utf-8"))["made_from"]
            yield (
                place,
                [
                    {"stage": "prepare" if what == "corpus" else what, **reference}
                    for what, reference in made_from.items()
                ],
            )


def _bundle(place: Path, above: Sequence[Trace], texts: set[str]) -> Trace:
    by = f"made from {', '.join(sorted({str(one.directory) for one in _closest(above)}))}"
    aliases = [
        path.name
        for path in sorted((place.parent.parent / "aliases").glob("*"))
        if path.read_text("utf-8").strip() == place.name
    ]
    by += f"; it is {' and '.join(aliases)}" if aliases else ""
    return Trace(BUNDLES, place, _smoke(place, texts), by)


def _smoke(bundle: Path, texts: set[str]) -> str:
    """How many of a bundle's example sentences are the article's."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        lines = (bundle / "smoke.jsonl").read_text("utf-8").splitlines()
        seen = sum(json.loads(line)["text"] in texts for line in lines if line)
        return f"{seen} of its sentences in smoke.jsonl" if seen else ""
    return ""


def _versions(outputs: Path, urls: frozenset[str]) -> list[str]:
    """The article in other languages, which are articles of their own."""
    others: set[str] = set()
    for made in known_as.artifacts(outputs, "collect"):
        table = known_as.table(made, "articles.parquet")
        named = table.filter(pl.col("url").is_in(list(urls))).select("alternates").collect()
        others |= {url for listed in named["alternates"].to_list() for url in listed or ()}
    found = sorted(url for url in others if not spellings(url) & urls)
    if not found:
        return []
    return [
        "it names other versions of itself, which are articles of their own and stay:",
        *(f"  {url}" for url in found),
    ]


def _remedies(found: Sequence[Trace]) -> list[str]:
    if not found:
        return []
    lines = [
        "to make everything without it: collect again with a later collect.snapshot, and run the",
        "  later stages on that; or delete the directories above and run the same commands again",
    ]
    if any(" in raw/" in one.holds for one in found):
        lines += [
            "its page stays in the archives (raw/) of the snapshots above until these directories",
            "  are deleted",
        ]
    if any(one.stage == BUNDLES for one in found):
        lines.append("withdraw the bundles: move their aliases to another version, delete them")
    return lines
