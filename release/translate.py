"""`korpu translate`: lines in, lines out, with a published bundle."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from korpu import log
from korpu import words as named
from korpu.artifact import replace_durably
from korpu.errors import DONE, UsageError
from korpu.languages import language

HELP = """korpu translate bundle=BUNDLE from=LANGUAGE to=LANGUAGE [word=value …]

Translates standard input, one line for each line; empty lines stay. Long lines are split into
sentences and joined again. Uzbek in Cyrillic is read too.

  bundle=DIR|NAME|NAME@ALIAS|NAME@VERSION   a bundle's folder, or its name in the registry
                      (a bare name: production, or candidate where nothing is in production)
  from=az to=uz       languages, as az, uz, uz-Cyrl or FLORES codes
  text=…              this text in place of standard input
  file=PATH           this file in place of standard input
  out=PATH            write there in place of standard output
  registry=PLACE      the registry of names: a folder (registry), s3://…, mlflow+http://…
  force=true          a version that was withdrawn, all the same
  backend=hf|ct2-float32|ct2-int8           the format to load (ct2-int8, or hf without it)

  echo "Bakıda hava günəşlidir." | korpu translate bundle=newsroom@candidate from=az to=uz
"""
WORDS = ("bundle", "from", "to", "text", "file", "out", "registry", "force", "backend")
BATCH = 64  # lines translated together, where nobody waits for each


def main(words: list[str]) -> int:
    """Run the command; returns 0. Raises ``UsageError`` for its words, ``SaysNo`` for a bundle
    whose files are not the published ones."""
    if not words or any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE if words else UsageError.exit_code
    given = named.parsed("korpu translate", words, WORDS, may_be_empty=("text",))
    for name in ("bundle", "from", "to"):
        if name not in given:
            raise UsageError(f"korpu translate needs {name}=…; see `korpu translate --help`")
    if "text" in given and "file" in given:
        raise UsageError("give text=… or file=…, not both")
    source, target = language(given["from"]).flores, language(given["to"]).flores

    from release import backend, contract
    from release.bundle import verify

    force = named.truth("force", given.get("force", "false"))
    where = _bundle(given["bundle"], given.get("registry", "registry"), force)
    found = contract.load(where)
    form = backend.choose(found, given.get("backend"))
    way = backend.check_direction(found, source, target)
    manifest = verify(where, parts=(contract.NAME, form))
    log.say(f"{manifest['name']} {manifest['version']}, {form}")
    run = backend.load(where, found, form)
    with ExitStack() as stack:
        lines, batch = _lines(given, stack)
        write = _output(given.get("out"), stack)
        for part in _batches(lines, batch):
            for translation in run([line.rstrip("\r\n") for line in part], way):
                write.write(translation + "\n")
            write.flush()
        if "out" in given:
            os.fsync(write.fileno())
            replace_durably(Path(f"{given['out']}.tmp"), Path(given["out"]))
    return DONE


def _bundle(reference: str, registry: str, force: bool) -> Path:
    """A folder if there is one of that name, else what the registry has under it."""
    from release.bundle import MANIFEST
    from release.registries import fetched

    if (Path(reference) / MANIFEST).exists():
        return Path(reference)
    if Path(reference).is_dir() or "/" in reference:
        raise UsageError(f"there is no bundle {reference} (no folder with a {MANIFEST})")
    return fetched(registry, reference, force=force)


def _lines(given: dict[str, str], stack: ExitStack) -> tuple[Iterable[str], int]:
    """Lines to translate, and how many at once; on a terminal every line is answered."""
    if "text" in given:
        return given["text"].split("\n"), BATCH
    if "file" not in given:
        if sys.stdin.isatty():
            return _decoded(sys.stdin, "standard input"), 1
        return _decoded(sys.stdin, "standard input"), BATCH
    path = Path(given["file"])
    try:
        stream = stack.enter_context(path.open(encoding="utf-8-sig", newline="\n"))
    except OSError as error:
        raise UsageError(f"file={path} cannot be read: {error.strerror}") from error
    return _decoded(stream, f"file={path}"), BATCH


def _decoded(stream: IO[str], what: str) -> Iterator[str]:
    try:
        yield from stream
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 (byte {error.start}); convert it first") from error
    except IsADirectoryError:
        raise UsageError(f"{what} is a folder") from None


def _output(out: str | None, stack: ExitStack) -> IO[str]:
    if out is None:
        return sys.stdout
    half = Path(f"{out}.tmp")
    stack.callback(half.unlink, missing_ok=True)  # of a run that did not end
    try:
        return stack.enter_context(half.open("w", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"out={out} cannot be written: {error.strerror}") from error


def _batches(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(lines)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
