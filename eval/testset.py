"""Test sets as evaluation sees them: named parts of the corpus's own test split, and benchmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.benchmarks import TestSet
from korpu import recorded
from korpu.artifact import Artifact, digest
from korpu.errors import UsageError
from korpu.languages import direction as parsed
from korpu.languages import language
from korpu.schema import Benchmark, Part, Recipe

PLAIN = "plain"  # the slice of a row that no label matches
NAME = re.compile(r"[\w-]+(\.[\w-]+)*")  # it becomes part of a file name


@dataclass(frozen=True)
class Segment:
    """One line of a test set, in the direction it is translated.

    ``origin`` and ``published`` (UTC, ISO 8601) are those of a row of the corpus.
    """

    id: str
    document: str
    src: str
    ref: str
    more: tuple[str, ...] = ()  # further references, as many for every line of a test set
    origin: str | None = None
    published: str | None = None


@dataclass(frozen=True)
class TestSide:
    """A test set in one direction. ``benchmark`` is the part's or the benchmark's name."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    benchmark: str
    direction: str
    segments: tuple[Segment, ...]

    @property
    def sha256(self) -> str:
        """What must be equal for two scores on it to be comparable."""
        return digest([[s.id, s.document, s.src, s.ref, *s.more] for s in self.segments])

    @property
    def more(self) -> list[list[str]]:
        """The further references, each a list as long as the test set."""
        return [list(lines) for lines in zip(*(s.more for s in self.segments), strict=True)]

    @property
    def target(self) -> str:
        return parsed(self.direction)[1]


def sides(
    recipe: Recipe, inputs: Mapping[str, Artifact]
) -> tuple[list[TestSide], list[dict[str, str]]]:
    """Every part and benchmark in every direction that has lines; and what is unavailable, why.

    Raises ``UsageError`` where there is nothing at all to score, or for a name that cannot be one.
    """
    found: list[TestSide] = []
    missing: list[dict[str, str]] = []
    for name in [*recipe.evaluate.test, *recipe.benchmark]:
        if not NAME.fullmatch(name):
            raise UsageError(f"the test set name {name!r} may have letters, digits, _ . - only")
        if name in recipe.evaluate.test and name in recipe.benchmark:
            raise UsageError(
                f"{name} names both a part of the test split and a benchmark; rename one"
            )
    loaded = {name: _loaded(name, one, recipe) for name, one in recipe.benchmark.items()}
    rows = _rows(inputs["prepare"], recipe.evaluate.directions) if recipe.evaluate.test else []
    labels = _labels(recipe.evaluate.slices) if recipe.evaluate.slices else {}
    labelled = [(row, _slices(row, labels)) for row in rows]
    for wanted in recipe.evaluate.directions:
        for name, part in recipe.evaluate.test.items():
            segments = tuple(_part(labelled, part, wanted))
            if segments:
                found.append(TestSide(name, wanted, segments))
            else:
                reason = f"no row of test.parquet ({len(rows)} rows) is in this part"
                missing.append({"benchmark": name, "direction": wanted, "reason": reason})
        for name, benchmark in recipe.benchmark.items():
            segments = tuple(_benchmark(loaded[name], wanted))
            if segments:
                found.append(TestSide(name, wanted, segments))
            else:
                reason = f"it is {benchmark.src_lang} and {benchmark.tgt_lang}"
                missing.append({"benchmark": name, "direction": wanted, "reason": reason})
    if not found:
        raise UsageError(
            "there is nothing to evaluate: "
            + (missing[0]["benchmark"] + ": " + missing[0]["reason"] + "; " if missing else "")
            + "check evaluate.test, evaluate.directions and benchmark"
        )
    found.sort(key=lambda side: (_order(recipe, side.benchmark), side.direction))
    return found, missing


def _order(recipe: Recipe, benchmark: str) -> int:
    return [*recipe.evaluate.test, *recipe.benchmark].index(benchmark)


def _rows(prepared: Artifact, directions: Sequence[str]) -> list[dict[str, Any]]:
    import polars as pl

    from data_prep.bitext import folders

    columns = ["id", "src_lang", "tgt_lang", "src", "tgt", "origin", "section", "document"]
    columns += ["synthetic_side", "published"]
    paths = folders.files(prepared, "test", directions)
    frames = [pl.read_parquet(path, columns=columns) for path in paths]
    return [row for frame in frames for row in frame.to_dicts()]


def _part(
    labelled: Sequence[tuple[dict[str, Any], set[str]]], part: Part, wanted: str
) -> Iterator[Segment]:
    source, target = parsed(wanted)
    for row, slices in labelled:
        if part.origin and row["origin"] not in part.origin:
            continue
        if part.section and row["section"] not in part.section:
            continue
        if part.slice and not slices & set(part.slice):
            continue
        if (row["src_lang"], row["tgt_lang"]) == (source, target):
            src, ref, side = row["src"], row["tgt"], "tgt"
        elif (row["tgt_lang"], row["src_lang"]) == (source, target):
            src, ref, side = row["tgt"], row["src"], "src"
        else:
            continue
        if row["synthetic_side"] != side:  # a machine's output is no reference
            seen = {"origin": row["origin"], "published": row["published"]}
            yield Segment(row["id"], row["document"], src, ref, **seen)


def _loaded(name: str, benchmark: Benchmark, recipe: Recipe) -> TestSet | None:
    """A benchmark whose files are what they were at first use and in the languages they claim.

    None where no direction asks for it.
    """
    from data_prep import benchmarks

    pair = {language(benchmark.src_lang).flores, language(benchmark.tgt_lang).flores}
    if not any(pair == set(parsed(wanted)) for wanted in recipe.evaluate.directions):
        return None
    files = benchmarks.files(benchmark)
    recorded.check(Path(recipe.runtime.outputs) / "benchmarks", name, files)
    found = benchmarks.load(name, benchmark)
    benchmarks.check_languages(found)
    return found


def _benchmark(loaded: TestSet | None, wanted: str) -> Iterator[Segment]:
    if loaded is None:
        return
    there = loaded.src_lang, loaded.tgt_lang
    if parsed(wanted) not in (there, there[::-1]):
        return
    lines = zip(loaded.documents, loaded.src, loaded.tgt, strict=True)
    for number, (document, src, tgt) in enumerate(lines, start=1):
        if parsed(wanted) == there:
            more = tuple(ref[number - 1] for ref in loaded.refs)
            yield Segment(str(number), document, src, tgt, more)
        else:  # further references are other translations of the same source, and no other source
            yield Segment(str(number), document, tgt, src)


Labels = dict[tuple[str, str], set[str]]  # (language without script, canonical text) → slices


def _labels(path: str) -> Labels:
    labels: Labels = {}
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"evaluate.slices: {path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            key = _key(row["text"], row["language"])
            labels.setdefault(key, set()).add(str(row["slice"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{path}, line {number}: not a JSON object with language, text and slice ({error})"
            ) from error
    return labels


def _slices(row: Mapping[str, Any], labels: Labels) -> set[str]:
    """The labels of a row's two sides; of their sentences, where sentences were merged."""
    found: set[str] = set()
    if not labels:
        return {PLAIN}
    from data_prep.text.segment import segment

    for text, code in ((row["src"], row["src_lang"]), (row["tgt"], row["tgt_lang"])):
        whole = labels.get(_key(text, code))
        if whole is not None:
            found |= whole
            continue
        for sentence in segment(text, code):
            found |= labels.get(_key(sentence, code), set())
    return found - {PLAIN} or {PLAIN}


CYRILLIC = re.compile("[\u0400-\u04ff]")


def _key(text: str, language: str) -> tuple[str, str]:
    from data_prep.text.normalize import normalize
    from data_prep.text.transliterate import az_cyrillic_to_latin, uz_cyrillic_to_latin

    name = language.partition("_")[0]
    if len(CYRILLIC.findall(text)) > len(text) / 2:
        text = uz_cyrillic_to_latin(text) if name == "uzn" else az_cyrillic_to_latin(text)
    return name, " ".join(normalize(text, f"{name}_Latn").split())
