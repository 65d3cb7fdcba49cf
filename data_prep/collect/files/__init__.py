"""Sources that are given and not crawled: files, folders, archives, hub datasets, corrections."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.collect.files import (
    articles as as_articles,
)
from data_prep.collect.files import (
    corrections,
    folders,
    hub,
    moses,
    opus,
    pair,
    rows,
    tmx,
    xliff,
)
from data_prep.collect.files.columns import Columns, all_seen
from korpu import artifact, schema
from korpu.errors import KorpuError, UsageError

Failed = list[KorpuError | OSError]
LeftOut = dict[str, dict[str, int]]
Given = schema.Files | schema.Hub | schema.Opus | schema.Corrections
_MEMORIES = {"tmx": tmx.pairs, "xliff": xliff.pairs}


@dataclass(frozen=True)
class Context:
    """What a source needs besides itself.

    ``work`` survives a kill; every file in it is whole or absent.
    """

    collect: schema.Collect
    work: Path


def pairs(
    sources: schema.Sources, context: Context, left_out: LeftOut, failed: Failed
) -> Iterator[dict[str, Any]]:
    """Rows of ``pairs.parquet``, by source name and in the order of each source.

    ``left_out[name][reason]`` counts what gave no row: empty, no_target, other_languages,
    superseded. A source that cannot be read to its end is in ``failed`` with its error, and the
    others go on.
    """
    yield from _each(sources, context, left_out, failed, "pairs", _pairs)


def articles(
    sources: schema.Sources, context: Context, left_out: LeftOut, failed: Failed
) -> Iterator[dict[str, Any]]:
    """Rows as ``extract.of_page`` and ``extract.of_text`` give them: articles, or a `reason`.

    A row without a URL of its own has `source/path` as one. Otherwise as `pairs`.
    """
    yield from _each(sources, context, left_out, failed, "articles", _articles)


def notes(sources: schema.Sources, context: Context) -> dict[str, dict[str, str]]:
    """What is known of a source only when it was read to its end, for the manifest, by name.

    ``sha256`` of an archive or directory, ``url`` it was fetched from, ``revision`` of a hub
    dataset, how many corrections ``confirmed`` the machine.
    """
    found = {}
    for name in sorted(given(sources)):
        path = _note(context, name)
        if path.exists():
            found[name] = json.loads(path.read_text("utf-8"))
    return found


def given(sources: schema.Sources) -> dict[str, tuple[str, Given]]:
    """Where in the recipe, and what, each given source is, by name."""
    return {
        name: (f"source.{kind}.{name}", source)
        for kind in ("files", "hub", "opus", "corrections")
        for name, source in getattr(sources, kind).items()
    }


Read = Callable[[str, str, Any, Context, Counter[str], dict[str, str]], Iterator[dict[str, Any]]]


def _each(
    sources: schema.Sources,
    context: Context,
    left_out: LeftOut,
    failed: Failed,
    holds: str,
    read: Read,
) -> Iterator[dict[str, Any]]:
    for name, (where, source) in sorted(given(sources).items()):
        if getattr(source, "holds", "pairs") != holds:
            continue
        counts: Counter[str] = Counter()
        note: dict[str, str] = {}
        left_out[name] = counts  # as far as it is read
        try:
            yield from read(where, name, source, context, counts, note)
            if note:
                text = json.dumps(note, sort_keys=True)
                artifact.write_atomically(_note(context, name), text)
        except (KorpuError, OSError) as error:
            failed.append(error)
        left_out[name] = dict(sorted(counts.items()))


def _note(context: Context, name: str) -> Path:
    return context.work / "notes" / f"{name}.json"


def _pairs(
    where: str,
    name: str,
    source: Given,
    context: Context,
    counts: Counter[str],
    note: dict[str, str],
) -> Iterator[dict[str, Any]]:
    collect, work = context.collect, context.work
    if isinstance(source, schema.Opus):
        yield from opus.pairs(where, name, source, collect, work, counts, note)
    elif isinstance(source, schema.Corrections):
        wanted = Columns(where, corrections.REQUIRED, corrections.OPTIONAL, source.columns)

        def again() -> Iterator[rows.Row]:
            return _chained(_tables(where, source.path, "auto", wanted))

        yield from corrections.pairs(where, name, source, again, counts, note)
    elif isinstance(source, schema.Hub):
        wanted = Columns(where, pair.REQUIRED, pair.OPTIONAL, source.columns)
        found = hub.rows(where, source, wanted, collect, work, note)
        yield from pair.of_rows(where, name, source, found, counts)
    elif source.path is None:
        yield from moses.pairs(where, name, source, counts)
    else:
        form, paths = folders.found(Path(source.path), source.format, where)
        if form in _MEMORIES:
            yield from _memory(where, name, source, form, paths, counts)
        elif form in rows.FORMATS:
            wanted = Columns(where, pair.REQUIRED, pair.OPTIONAL, source.columns)
            tables = _tables(where, source.path, form, wanted)
            yield from pair.of_rows(where, name, source, _chained(tables), counts)
        else:
            raise UsageError(
                f"{where}: {form} files hold articles, not pairs; set {where}.holds to articles"
            )


def _memory(
    where: str,
    name: str,
    source: schema.Files,
    form: str,
    paths: Iterable[Path],
    counts: Counter[str],
) -> Iterator[dict[str, Any]]:
    langs = pair.wanted(where, source, f"say which two languages of the {form} file to take")
    line = 0
    for path in paths:
        for src, tgt, document in _MEMORIES[form](path, f"{where}.path", langs, counts):
            line += 1
            yield pair.make(name, source, line, langs, src, tgt, document=document)


def _articles(
    where: str,
    name: str,
    source: Given,
    context: Context,
    counts: Counter[str],
    note: dict[str, str],
) -> Iterator[dict[str, Any]]:
    del counts  # extraction's reasons are in the rows
    collect, work = context.collect, context.work
    assert isinstance(source, schema.Files | schema.Hub)
    if isinstance(source, schema.Hub):
        wanted = Columns(where, as_articles.REQUIRED, as_articles.OPTIONAL, source.columns)
        found = [("", hub.rows(where, source, wanted, collect, work, note))]
        yield from as_articles.of_rows(name, source, collect, found)
        return
    if source.path is None:
        raise UsageError(f"{where}: src and tgt are pairs; set {where}.holds to pairs")
    root = Path(source.path)
    form, paths = folders.found(root, source.format, where)
    if form in rows.FORMATS:
        wanted = Columns(where, as_articles.REQUIRED, as_articles.OPTIONAL, source.columns)
        tables = _tables(where, source.path, form, wanted)
        yield from as_articles.of_rows(name, source, collect, tables)
    elif form == "html":
        yield from folders.pages(name, source, collect, root, paths)
    elif form == "text":
        yield from folders.texts(where, name, source, collect, root, paths)
    else:
        raise UsageError(
            f"{where}: {form} files hold pairs, not articles; set {where}.holds to pairs"
        )


def _tables(
    where: str, path: str, form: str, wanted: Columns
) -> Iterator[tuple[str, Iterator[rows.Row]]]:
    """(relative path, rows) of every table in a file or folder."""
    root = Path(path)
    form, paths = folders.found(root, form, where)
    if form not in rows.FORMATS:
        raise UsageError(f"{where}.path: {root} is {form}; give {', '.join(rows.FORMATS)}")
    for each in paths:
        yield folders.short(root, each), rows.read(each, form, wanted)
    if form == "jsonl":
        all_seen(wanted, str(root))


def _chained(tables: Iterable[tuple[str, Iterator[rows.Row]]]) -> Iterator[rows.Row]:
    for _, table in tables:
        yield from table
