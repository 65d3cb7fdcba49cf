"""`korpu collect forget=URL`: an article is taken down, and where it went is said.

The addresses stand in `<outputs>/forgotten.jsonl`, one JSON object a line, appended and fsynced
under a lock. Later snapshots leave them out; what is there already is listed, never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from data_prep.collect.site.urls import canonical
from korpu import log
from korpu.errors import SaysNo, UsageError
from korpu.schema import Recipe

NAME = "forgotten.jsonl"


def forget_action(recipe: Recipe, value: str) -> None:
    """Remember a URL, or every line of ``@FILE``, and print everything made from the article.

    Raises ``UsageError`` for what is no http(s) URL (then nothing is remembered), ``SaysNo`` where
    the list is damaged, ``OSError`` where it cannot be written.
    """
    from data_prep.collect import known_as, traces

    outputs = Path(recipe.runtime.outputs)
    given = list(dict.fromkeys(asked(value)))
    remember(outputs, given)  # before the search: whatever happens now, it is forgotten
    for number, url in enumerate(given):
        others, covered = [], spellings(url)
        for other in sorted(known_as.addresses(recipe, covered)):
            if other not in covered:
                others.append(other)
                covered |= spellings(other)
        remember(outputs, others, of=url)
        if number:
            print()
        print(f"forgotten: {url}; later snapshots leave it out")
        for other in others:
            print(f"  and {other}, the same article")
        print("\n".join(traces.report(recipe, covered)))


def asked(value: str) -> Iterator[str]:
    """The canonical URLs that ``value`` names: one, or a file's lines (`#` begins a comment)."""
    value = value.strip().strip("'\"")
    if not value.startswith("@"):
        yield _url(value, "forget")
        return
    path = value[1:]
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise UsageError(f"forget: there is no file {path}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8; write one URL a line") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    found = [
        _url(line.strip(), f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:
        raise UsageError(f"{path} names no URL; write one a line")
    yield from found


def _url(text: str, where: str) -> str:
    url = canonical(text)
    if url is None:
        raise UsageError(f"{where}: {text!r} is no http(s) URL; write it as a browser shows it")
    return url


def spellings(url: str) -> frozenset[str]:
    """The ways to write one address: either scheme, with `www.` or not, with a last `/` or not.

    A takedown means the article, whichever of them a site or a reader uses.
    """
    parts = urlsplit(url)
    host, path = parts.netloc.removeprefix("www."), parts.path.removesuffix("/")
    return frozenset(
        urlunsplit((scheme, f"{www}{host}", f"{path}{slash}" or "/", parts.query, ""))
        for scheme, www, slash in product(("http", "https"), ("", "www."), ("", "/"))
    )


# ── the list ───────────────────────────────────────────────────────────────────────────────────


def forgotten(outputs: Path) -> frozenset[str]:
    """Every address that snapshots below ``outputs`` leave out, as a page's and as a canonical URL.

    Raises ``SaysNo`` where a line of the list is damaged; a last line that a kill cut short is
    none.
    """
    path = outputs / NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return frozenset()
    return frozenset().union(*(spellings(row["url"]) for row in _rows(data, path)))


def remember(outputs: Path, urls: Iterable[str], of: str | None = None) -> None:
    """Append what is not in the list yet, durably; ``of`` is the address that was asked for."""
    urls = list(urls)
    if not urls:
        return
    path, when = outputs / NAME, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with _held(path) as stream:
        data = stream.read()
        whole = _mended(stream, data)
        known = {row["url"]: row["when"] for row in _rows(whole, path)}
        new = []
        for url in urls:
            if url in known:
                if of is None:
                    log.say(f"  {url} was forgotten already, {known[url]}")
                continue
            known[url] = when
            new.append({"url": url, "when": when} | ({"of": of} if of else {}))
        stream.write(b"".join(json.dumps(row).encode() + b"\n" for row in new))
        stream.flush()
        os.fsync(stream.fileno())


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """The list, open for reading and appending; other processes wait their turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the list itself may be new
        finally:
            os.close(folder)
        stream.seek(0)
        yield stream


def _mended(stream: BinaryIO, data: bytes) -> bytes:
    """The list without the half line that a kill may have left at its end, on disk too."""
    end = data.rfind(b"\n") + 1
    if end < len(data):
        stream.truncate(end)
    return data[:end]


def _rows(data: bytes, path: Path) -> Iterator[dict[str, Any]]:
    """The finished lines; one without its line feed was never promised to anybody."""
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
            if not isinstance(row["url"], str) or not isinstance(row["when"], str):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            raise SaysNo(
                f"{path}, line {number}: this is no forgotten URL, and none may be lost; correct "
                'the line, {"url": …, "when": …}'
            ) from None
        yield row
