"""What given sources show: whether the file is there, its size, and the first row as collect reads
it. Nothing is fetched: a dataset of the hub or an archive by URL is only named.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from data_prep.collect import archives, files
from data_prep.collect.checks import KINDS
from data_prep.collect.page.extract import Rules, of_page
from data_prep.collect.site.fetch import Answer
from data_prep.collect.site.urls import canonical
from korpu.doctor import BAD, FINE, LOOK, TOLD, Finding, Report, many, size
from korpu.errors import KorpuError, SaysNo, UsageError
from korpu.schema import Recipe, Warc

PAGES = 50  # of a WARC, looked at for articles
PATHS = ("path", "src", "tgt", "documents")
SHOWN = 80  # characters of a text


def given(kind: str, name: str, source: Any, recipe: Recipe) -> Report:
    """What one source of rows shows."""
    findings: list[Finding] = []
    problem: KorpuError | None = None
    try:
        here = [_path(f"source.{kind}.{name}.{key}", path) for key, path in paths(kind, source)]
        findings += here
        if not here:
            what = source.id if kind == "hub" else source.path
            findings.append(Finding(TOLD, "path", f"{what} is not here; collect fetches it"))
        elif missing := [finding for finding in here if finding.mark == BAD]:
            raise UsageError(missing[0].says)
        else:
            findings.append(_pages(source, recipe) if kind == "warc" else _row(kind, name, recipe))
        findings.append(_licence(source))
    except KorpuError as error:
        problem = error
    except OSError as error:
        problem = SaysNo(f"{error.filename or name}: {error.strerror or error}")
    return Report(f"{kind} {name}", tuple(findings), problem)


def paths(kind: str, source: Any) -> Iterator[tuple[str, str]]:
    """(key, path) of what a source names on this machine."""
    if kind == "hub":
        if Path(source.id).exists():
            yield "id", source.id
        return
    for key in PATHS:
        value = getattr(source, key, None)
        if value is not None and not value.startswith(("https://", "http://")):
            yield key, value


def _path(key: str, path: str) -> Finding:
    """Whether a file or folder is there, and how large it is."""
    at, what = Path(path), key.rpartition(".")[2]
    if not at.exists():
        return Finding(BAD, what, f"{key}: there is no file {path}", {"path": path})
    every = [at] if at.is_file() else [p for p in at.rglob("*") if p.is_file()]
    total = sum(p.stat().st_size for p in every)
    inside = "" if at.is_file() else f" in {many(len(every), 'file')}"
    facts = {"path": path, "bytes": total, "files": len(every)}
    return Finding(FINE if total else LOOK, what, f"{path}, {size(total)}{inside}", facts)


def _row(kind: str, name: str, recipe: Recipe) -> Finding:
    """The first row; raises ``SaysNo`` where there is none, or what reading it raises."""
    alone: dict[str, Any] = {other: {} for other in KINDS}
    alone[kind] = {name: getattr(recipe.source, kind)[name]}
    sources = dataclasses.replace(recipe.source, shard=None, **alone)
    left_out: dict[str, dict[str, int]] = {}
    failed: list[KorpuError | OSError] = []
    with tempfile.TemporaryDirectory() as folder:
        context = files.Context(recipe.collect, Path(folder))
        reads: tuple[Callable[..., Iterator[dict[str, Any]]], ...] = (files.pairs, files.articles)
        row = next((row for read in reads for row in read(sources, context, left_out, failed)), {})
    if failed:
        raise failed[0]
    reasons = ", ".join(f"{count} {why}" for why, count in left_out.get(name, {}).items())
    if not row:
        raise SaysNo(f"no row of it can be used ({reasons or 'it holds none'})")
    keys = ("src", "tgt") if "src" in row else ("title", "text")
    texts = " | ".join(f"«{str(row.get(key) or '')[:SHOWN]}»" for key in keys)
    codes = " to ".join(str(row[k]) for k in ("src_lang", "tgt_lang", "language") if k in row)
    says = f"{codes}: {texts}" + (f", after {reasons}" if reasons else "")
    return Finding(FINE, "first row", says, {"row": {key: row.get(key) for key in keys}})


def _pages(source: Warc, recipe: Recipe) -> Finding:
    """The first pages of an archive, read as collect does; raises ``SaysNo`` for no WARC."""
    found = archives.files(Path(source.path))
    rules = Rules.of(source, recipe.collect.snapshot, recipe.collect.min_characters)
    fetched = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reasons, first = Counter[str](), None
    try:
        for answer in _answers(found[0]):
            row = of_page(answer, rules, site="", fetched=fetched)
            reasons[row.get("reason", "articles")] += 1
            first = first or (None if "reason" in row else row)
            if reasons.total() >= PAGES:
                break
    except ArchiveLoadFailed as error:
        raise SaysNo(f"{found[0]} is no WARC file: {error}") from error
    counts = ", ".join(f"{count} {what}" for what, count in reasons.most_common())
    says = f"of the first {reasons.total()} in {found[0].name}: {counts or 'nothing'}"
    if first is not None:
        says += f"; {first['language']} {first['url']}"
    return Finding(FINE if first else LOOK, "pages", says, dict(reasons))


def _answers(path: Path) -> Iterator[Answer]:
    """The HTML answers of a WARC file."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            http = record.http_headers
            if record.rec_type != "response" or http is None or http.get_statuscode() != "200":
                continue
            url = canonical(record.rec_headers.get_header("WARC-Target-URI") or "")
            kind = (http.get_header("Content-Type") or "").partition(";")[0].strip().lower()
            if url is not None and kind in archives.HTML:
                body = record.content_stream().read(8_000_000)
                yield Answer(url, 200, tuple(http.headers), body)


def _licence(source: Any) -> Finding:
    may = "may" if source.may_redistribute else "may not"
    says = f"{source.licence}; its text {may} be passed on"
    return Finding(TOLD, "licence", says, {"licence": source.licence})
