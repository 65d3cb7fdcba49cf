"""Files and folders on disk: which format they are in, and pages or texts as articles."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from data_prep.collect.files import articles, text, values
from data_prep.collect.page import body, extract
from data_prep.collect.page.charset import decode
from data_prep.collect.site.fetch import Answer
from data_prep.collect.site.urls import canonical
from korpu import schema
from korpu.errors import UsageError

ENDS = {
    "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",),
    "tsv": (".tsv",),
    "parquet": (".parquet",),
    "tmx": (".tmx",),
    "xliff": (".xlf", ".xliff"),
    "html": (".html", ".htm", ".xhtml"),
    "text": (".txt", ".text"),
}
LARGEST = 64 << 20
"""Bytes of one page or text; what is larger is no article."""
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


def form_of(name: str) -> str | None:
    """The format a file's name ends in, also with .gz after it (but not for pages), or None."""
    low = name.lower()
    bare = low.removesuffix(".gz")
    for form, ends in ENDS.items():
        packable = form not in ("html", "text", "parquet")
        if (bare if packable else low).endswith(ends):
            return form
    return None


def found(path: Path, form: str, where: str) -> tuple[str, Iterator[Path]]:
    """The format of a file or folder, and its files of that format, sorted by relative path.

    Raises ``UsageError`` where there is none, or where a folder holds several.
    """
    if form != "auto" and form not in ENDS:
        raise UsageError(f"{where}.format is {form!r}; use auto, {', '.join(ENDS)}")
    if not path.exists():
        raise UsageError(f"{where}.path: there is no file {path}")
    if path.is_dir():
        if form == "auto":
            form = _only(Counter(form_of(name.name) for name in walk(path)), path, where)
        return form, _of_form(path, form, where)
    if form == "auto":
        known = form_of(path.name)
        if known is None:
            ends = ", ".join(end for each in ENDS.values() for end in each)
            raise UsageError(
                f"{where}.path: {path} ends in none of {ends}; say what it is with {where}.format"
            )
        form = known
    return form, iter([path])


def _only(forms: Counter[str | None], folder: Path, where: str) -> str:
    known = sorted(form for form in forms if form is not None)
    if len(known) != 1:
        said = f"holds {' and '.join(known)}" if known else "holds no file of a known format"
        raise UsageError(f"{where}.path: {folder} {said}; say which with {where}.format")
    return known[0]


def _of_form(folder: Path, form: str, where: str) -> Iterator[Path]:
    some = False
    for path in walk(folder):
        if form_of(path.name) == form:
            some = True
            yield path
    if not some:
        ends = ", ".join(ENDS[form])
        raise UsageError(f"{where}.path: {folder} holds no {form} file ({ends})")


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, sorted in each; hidden ones and links to folders are passed by."""
    with os.scandir(folder) as entries:
        inside = sorted((e.name, e.is_dir(follow_symlinks=False), e.is_file()) for e in entries)
    for name, is_dir, is_file in inside:
        if name.startswith("."):
            continue
        if is_dir:
            yield from walk(folder / name)
        elif is_file:
            yield folder / name


def pages(
    name: str, source: schema.Files, collect: schema.Collect, root: Path, paths: Iterator[Path]
) -> Iterator[dict[str, Any]]:
    """Articles of HTML files, or reasons: those of ``extract.of_page``, and too_large.

    The URL is what the page says of itself, else its relative path.
    """
    rules = articles.rules_of(source, collect)
    when = articles.fetched(rules)
    for path in paths:
        shown = short(root, path)
        if path.stat().st_size > LARGEST:
            nothing = {"site": name, "fetched": when, "reason": "too_large"}
            yield articles.own(nothing, name, shown)
            continue
        page = path.read_bytes()
        url = said_url(page)
        answer = Answer(url or f"/{shown}", 200, (("content-type", "text/html"),), page)
        row = extract.of_page(
            answer, articles.local(rules, url, shown), site=name, fetched=when
        )  # fmt: skip
        yield row if url else articles.own(row, name, shown)


def said_url(page: bytes) -> str | None:
    """The address a saved page says it has: link rel=canonical, else og:url; None without one."""
    decoded = decode(page, None).replace("\0", "")
    if not decoded.strip():
        return None
    try:
        root = body.parse(decoded)
    except (etree.LxmlError, ValueError):
        return None
    given = [
        link.get("href")
        for link in root.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    given += [meta.get("content") for meta in root.iter("meta") if meta.get("property") == "og:url"]
    return next((url for said in given if said and (url := canonical(said))), None)


def texts(
    where: str,
    name: str,
    source: schema.Files,
    collect: schema.Collect,
    root: Path,
    paths: Iterator[Path],
) -> Iterator[dict[str, Any]]:
    """Articles of text files, or reasons: those of ``extract.of_text``, and too_large.

    The first line is the title if a blank line follows; a date in the file's name is when it was
    published. Raises ``UsageError`` with file and line for what is not UTF-8.
    """
    rules = articles.rules_of(source, collect)
    when = articles.fetched(rules)
    for path in paths:
        shown = short(root, path)
        if path.stat().st_size > LARGEST:
            nothing = {"site": name, "fetched": when, "reason": "too_large"}
            yield articles.own(nothing, name, shown)
            continue
        lines = [text.bare(line) for line in text.of_file(path, f"{where}.path")]
        title = ""
        if len(lines) > 2 and lines[0].strip() and not lines[1].strip():
            title = lines.pop(0)
        row = extract.of_text(
            "\n".join(lines),
            articles.local(rules, None, shown),
            url=f"/{shown}",
            site=name,
            fetched=when,
            title=title,
            published=date_of(path.name),
        )
        yield articles.own(row, name, shown)


def date_of(name: str) -> str | None:
    """The date in a file's name: 2025-08-12, 2025_08_12, 2025.08.12 or 20250812."""
    match = _DATE.search(name)
    return f"{match[1]}-{match[3]}-{match[4]}" if match else None


def short(root: Path, path: Path) -> str:
    """A file's path below the source's, or the name of the source's only file."""
    return values.storable(path.relative_to(root).as_posix() if path != root else path.name)
