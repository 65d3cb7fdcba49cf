"""`korpu prepare export=DIR`: the corpus of a recipe as files that other tools read.

What may not be redistributed stays here, and so does what was taken down since. The folder is
whole or absent: it is written beside its place and renamed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_prep.bitext import bounded, columns, interchange, split, terms
from data_prep.bitext.terms import LICENCES, NOTICE, Counts
from data_prep.collect.forget import forgotten
from korpu import artifact, log, served, stages
from korpu.artifact import Artifact
from korpu.errors import SaysNo, UsageError
from korpu.schema import Recipe
from korpu.words import truth

SCHEMA = 1
MANIFEST, LOCK = "export.json", ".lock"
FORMATS = {"moses": ("moses",), "tmx": ("tmx",), "both": ("moses", "tmx")}
BATCH = 4096  # rows in memory
OTHERS = "(others)"  # origins and licences beyond what a counter holds
Row = Mapping[str, Any]


def export_action(recipe: Recipe, value: str, **options: str) -> None:
    """Write the recipe's corpus to the directory ``value`` and print what lies there.

    ``format`` is moses, tmx or both (the default); ``all=true`` writes pairs that may not be
    handed on too, and a NOTICE that says so. Raises ``UsageError`` where the corpus is not made
    yet or damaged, and for a directory that holds something else; ``SaysNo`` where no pair may be
    handed on.
    """
    wanted = options.get("format", "both")
    if wanted not in FORMATS:
        raise UsageError(f"format must be one of {', '.join(FORMATS)}, not {wanted!r}")
    everything = truth("all", options.get("all", "false"))
    if not value.strip():
        raise UsageError("export has no value; give it as export=DIR")
    corpus, out = _corpus(recipe), Path(value.strip()).resolve()
    gone = forgotten(Path(recipe.runtime.outputs))
    counts = export(corpus, out, FORMATS[wanted], everything=everything, gone=gone)
    print("\n".join(terms.told(counts, out)))


def export(
    corpus: Artifact,
    out: Path,
    formats: Sequence[str] = FORMATS["both"],
    *,
    everything: bool = False,
    gone: frozenset[str] = frozenset(),
) -> Counts:
    """Write `<src>-<tgt>/<split>.…` of every pair of languages; returns what was counted.

    ``gone`` are addresses of articles that were taken down: their pairs stay here even with
    ``everything``. An earlier export in ``out`` is replaced when the new one is complete. A split
    without a pair has no files. Raises as ``export_action``.
    """
    refuse_other(out)
    counts = Counts()
    files = _files(corpus)
    with _replaced(out) as folder:
        with log.progress("export", sum(row["rows"] for row in files), "pairs") as advance:
            for row in files:
                rows = _batches(corpus.directory / row["path"], advance)
                chosen = _chosen(rows, counts, everything, gone)
                _write(chosen, folder, Path(row["path"]).stem, formats, counts)
        if not counts.pairs:
            raise SaysNo(terms.nothing(counts))
        _describe(corpus, folder, formats, everything, counts)
    return counts


def _chosen(
    rows: Iterable[Row], counts: Counts, everything: bool, gone: frozenset[str]
) -> Iterator[Row]:
    for row in rows:
        may = bool(row["may_redistribute"])
        kind = (row["origin"] or "", row["licence"] or "", may)
        if gone and not gone.isdisjoint((row["src_url"], row["tgt_url"])):
            counts.forgotten += 1
        elif may or everything:
            bounded.count(counts.written, kind, 1, (OTHERS, OTHERS, may))
            yield row
        else:
            bounded.count(counts.closed, kind, 1, (OTHERS, OTHERS, may))


def _write(
    rows: Iterator[Row], folder: Path, split_name: str, formats: Sequence[str], counts: Counts
) -> None:
    first = next(rows, None)
    if first is None:
        return
    src, tgt = first["src_lang"], first["tgt_lang"]
    inside = folder / f"{src}-{tgt}"
    inside.mkdir(exist_ok=True)
    size = 0
    with contextlib.ExitStack() as stack:
        writers: list[interchange.Writer] = [
            stack.enter_context(interchange.WRITERS[name](inside, split_name, src, tgt))
            for name in formats
        ]
        for row in itertools.chain([first], rows):
            size += 1
            for writer in writers:
                writer.add(row)
    counts.splits[f"{inside.name}/{split_name}"] = size


def _describe(
    corpus: Artifact, folder: Path, formats: Sequence[str], everything: bool, counts: Counts
) -> None:
    name = corpus.directory.name
    (folder / LICENCES).write_text("\n".join(terms.licences(name, counts)) + "\n", "utf-8")
    if everything and counts.private:
        (folder / NOTICE).write_text(terms.notice(name, counts), "utf-8")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    files = [
        {
            "path": str(path.relative_to(folder)),
            "bytes": path.stat().st_size,
            "sha256": artifact.sha256(path),
        }
        for path in found
    ]
    described = {
        "schema": SCHEMA,
        "corpus": {"name": name, "key": corpus.key, "content": corpus.content},
        "formats": list(formats),
        "all": everything,
        "pairs": counts.splits,
        "left_out": {"may_not_be_handed_on": counts.kept_back, "taken_down": counts.forgotten},
        "files": files,
    }
    artifact.write_json(folder / MANIFEST, described)


def _corpus(recipe: Recipe) -> Artifact:
    with served.newsroom_truth(recipe):
        place = stages.plan(recipe, "prepare")["prepare"]
    if place.key is None or place.directory is None:
        raise UsageError(
            "export needs the corpus of this recipe, and nothing is collected for it yet; run "
            "`korpu collect` and `korpu prepare` with the same overrides"
        )
    directory = Path(recipe.out) if recipe.out else place.directory
    made = artifact.load(directory)
    if made is None or made.key != place.key:
        raise UsageError(
            f"export needs the corpus of this recipe, which is not in {directory}; make it with "
            "`korpu prepare` and the same overrides"
        )
    if made.manifest.get("refused"):
        raise SaysNo(f"{made.manifest['refused']} ({made.directory})")
    return made


def _files(corpus: Artifact) -> list[Mapping[str, Any]]:
    """The manifest's rows of the splits, the corpus's own pair of languages first."""
    names = [f"{name}.parquet" for name in split.SPLITS]
    rows = [row for row in corpus.manifest["files"] if _name(row) in names]
    return sorted(rows, key=lambda row: (str(Path(row["path"]).parent), names.index(_name(row))))


def _name(row: Row) -> str:
    return Path(row["path"]).name


def _batches(path: Path, advance: Callable[[int], None]) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(BATCH, columns=list(columns.CORPUS)):
                yield from batch.to_pylist()
                advance(batch.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(
            f"{path} is not readable Parquet ({str(error).splitlines()[0][:80]}); delete "
            f"{path.parent} and run `korpu prepare` again"
        ) from error


@contextlib.contextmanager
def _replaced(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` that takes its place when all went well, and is gone if not."""
    partial, old = (out.with_name(f".{out.name}.{what}") for what in ("partial", "old"))
    with artifact.locked(partial):
        try:
            for left in (*partial.iterdir(), old):  # of a run that was killed
                if left.is_dir():
                    shutil.rmtree(left)
                elif left.name != LOCK:
                    left.unlink(missing_ok=True)
            yield partial
            artifact.fsync_tree(partial)
            (partial / LOCK).unlink()
            if out.exists():
                out.rename(old)
            artifact.replace_durably(partial, out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


def refuse_other(out: Path) -> None:
    """Raise ``UsageError`` unless ``out`` is absent, empty, or holds an earlier export alone."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"export={out} is a file; name a directory")
    try:
        described = json.loads((out / MANIFEST).read_text("utf-8"))
        known = {MANIFEST, *(row["path"] for row in described["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
    for path in out.rglob("*"):
        if path.is_file() and str(path.relative_to(out)) not in known:
            raise UsageError(f"export={out} holds {path.name}, which no export wrote; name another")
