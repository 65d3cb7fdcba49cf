"""`korpu translate`: text, Markdown, HTML or articles in, the same out, with a bundle."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TypeVar

from korpu import log
from korpu import words as named
from korpu.artifact import replace_durably
from korpu.errors import DONE, UsageError
from korpu.languages import language
from release.formats.document import Document
from release.formats.job import Job, sentence
from release.formats.read import document, format_of, origins

HELP = """korpu translate bundle=BUNDLE from=LANGUAGE to=LANGUAGE [word=value …]

Translates standard input, one line for each line; empty lines stay. Long lines are split into
sentences and joined again. Uzbek is read and written in both scripts.

  bundle=DIR|NAME|NAME@ALIAS|NAME@VERSION   a bundle's folder, or its name in the registry
                      (a bare name: production, or candidate where nothing is in production)
  from=az to=uz       languages, as az, uz, uz-Cyrl or FLORES codes
  text=…              this text in place of standard input
  file=PATH           this file in place of standard input
  out=PATH            write there in place of standard output
  format=text|markdown|html|jsonl           what is read and written, without it by
                      the file's suffix, or text; markup, addresses, placeholders and code stay
  fields=title,text   of an article (jsonl), what is text; all other fields stay
  provenance=none|line|metadata|line,metadata   say that it is a machine's translation, and whose:
                      a last line for readers, or for programs (jsonl: metadata without it)
  numbers=check|show|strict|off             compare numbers with the source's, translate again where
                      they differ, and say how many still do; show lists them, strict lists them
                      and ends with exit 1 (and writes no out=)
  registry=PLACE      the registry of names: a folder, s3://…, mlflow+http://…, hub://…
  force=true          a version that was withdrawn, all the same
  backend=hf|ct2-float32|ct2-int8           the format to load (ct2-int8, or hf without it)

  echo "Bakıda hava günəşlidir." | korpu translate bundle=newsroom@candidate from=az to=uz
  korpu translate bundle=newsroom from=az to=uz-Cyrl file=page.html out=page.uz.html
  korpu translate serve bundle=newsroom     a page and an HTTP service for trying a bundle
"""
WORDS = (
    *("bundle", "from", "to", "text", "file", "out", "format", "fields", "provenance"),
    *("numbers", "registry", "force", "backend"),
)
NUMBERS = ("check", "show", "strict", "off")
BATCH = 64  # lines translated together, where nobody waits for each
ARTICLES = 16  # articles translated together
Batch = list[tuple[int, Document]]
T = TypeVar("T")


def main(words: list[str]) -> int:
    """Run the command; returns 0. Raises ``UsageError`` for its words and for articles that cannot
    be read, ``SaysNo`` for a bundle whose files are not the published ones and, if asked to be
    strict, for numbers that the translation does not have."""
    if words[:1] == ["serve"]:
        from release.serve import main as serve

        return serve(words[1:])
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
    form = format_of(given.get("format"), given.get("file"))
    if "fields" in given and form != "jsonl":
        raise UsageError("fields=… is for articles: give format=jsonl too")
    asked = origins(given.get("provenance"), form)
    numbers = given.get("numbers", "check")
    if numbers not in NUMBERS:
        raise UsageError(f"numbers={numbers} is not known: use numbers={' or '.join(NUMBERS)}")

    from release import contract, opened
    from release.formats.tally import Tally
    from release.formats.translated import translated

    force = named.truth("force", given.get("force", "false"))
    where = _bundle(given["bundle"], given.get("registry", "registry"), force)
    opened.check(contract.load(where), source, target)
    bundle = opened.open_bundle(where, given.get("backend"))
    log.say(f"{bundle.name} {bundle.version}, {bundle.form}")
    run, languages = bundle.run(source, target)
    job = Job(
        source,
        target,
        bundle.name,
        bundle.version,
        line="line" in asked,
        metadata="metadata" in asked,
        fields=tuple(given.get("fields", "title,text").split(",")),
    )
    with ExitStack() as stack:
        lines, batch = _lines(given, stack)
        write = _output(given.get("out"), stack)
        tally = Tally(are_shown=numbers in ("show", "strict"))
        for part in _documents(lines, form, job, batch):
            made = translated([each for _, each in part], run, languages, numbers != "off")
            for (line, _), translation in zip(part, made, strict=True):
                write.write(translation.text)
                tally.add(line, translation)
            write.flush()
        tally.say(is_strict=numbers == "strict")
        if "out" in given:
            os.fsync(write.fileno())
            replace_durably(Path(f"{given['out']}.tmp"), Path(given["out"]))
    return DONE


def _documents(lines: Iterable[str], form: str, job: Job, batch: int) -> Iterator[Batch]:
    """The documents that are translated together, each with its first line: lines and articles a
    few at a time, as they come; a page or a Markdown file whole."""
    if form == "text":
        from release.formats.plain import line

        count = 0
        for part in _batches(lines, batch):
            yield [(number, [*line(row), "\n"]) for number, row in enumerate(part, count + 1)]
            count += len(part)
        if job.line and count:
            yield [(count + 1, [sentence(job) + "\n"])]
    elif form == "jsonl":
        yield from _articles(lines, job, min(batch, ARTICLES))
    else:
        yield [(1, document("".join(lines), form, job))]


def _articles(lines: Iterable[str], job: Job, size: int) -> Iterator[Batch]:
    """So many articles at a time; those before one that cannot be read come first."""
    from release.formats.articles import article

    part: Batch = []
    for number, row in enumerate(lines, 1):
        try:
            if row.strip():
                part.append((number, [*article(row, f"line {number}", job), "\n"]))
        except UsageError:
            if part:
                yield part
            raise
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _bundle(reference: str, registry: str, force: bool) -> Path:
    """A folder if there is one of that name, else what the registry has under it."""
    from korpu.bundle import MANIFEST
    from release.registries import fetched

    if (Path(reference) / MANIFEST).exists():
        return Path(reference)
    if Path(reference).is_dir() or "/" in reference:
        raise UsageError(f"there is no bundle {reference} (no folder with a {MANIFEST})")
    return fetched(registry, reference, force=force)


def _lines(given: dict[str, str], stack: ExitStack) -> tuple[Iterable[str], int]:
    """Lines to translate, and how many at once; on a terminal every line is answered."""
    if "text" in given:
        return list(io.StringIO(given["text"])) or [""], BATCH
    if "file" not in given:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", newline="\n")
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
        return stack.enter_context(half.open("w", encoding="utf-8", newline="\n"))
    except OSError as error:
        raise UsageError(f"out={out} cannot be written: {error.strerror}") from error


def _batches(lines: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(lines)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
