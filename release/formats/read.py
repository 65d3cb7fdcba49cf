"""Which format a document has, and a document of any format read."""

from __future__ import annotations

from pathlib import Path

from korpu.errors import UsageError
from release.formats.document import Document
from release.formats.job import Job, sentence

FORMATS = ("text", "markdown", "html", "jsonl")
SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
ORIGINS = ("none", "line", "metadata")


def format_of(wanted: str | None, path: str | None) -> str:
    """The format asked for, else by the file's suffix, else text. Raises ``UsageError``."""
    if wanted is not None and wanted not in FORMATS:
        raise UsageError(f"there is no format {wanted!r}: use format={' or '.join(FORMATS)}")
    return wanted or SUFFIXES.get(Path(path or "").suffix.lower(), "text")


def origins(asked: str | None, form: str) -> frozenset[str]:
    """What is to say that it is a machine's translation: line, metadata, both or nothing.

    An article has it as metadata unless asked otherwise. Raises ``UsageError`` for what the format
    has no place for.
    """
    given = asked.split(",") if asked is not None else ["metadata" if form == "jsonl" else "none"]
    for name in given:
        if name not in ORIGINS or (name == "none" and len(given) > 1):
            raise UsageError(
                f"provenance={asked} is not known: use none, line, metadata or line,metadata"
            )
    if form == "text" and "metadata" in given:
        raise UsageError("plain text has no place for metadata: use provenance=line")
    if form == "jsonl" and "line" in given:
        raise UsageError("an article has no place for a line: use provenance=metadata")
    return frozenset(given) - {"none"}


def document(text: str, form: str, job: Job) -> Document:
    """A whole document of a format. Raises ``UsageError`` for articles that cannot be read."""
    if form == "html":
        from release.formats.hypertext import parsed as parsed_html

        return parsed_html(text, job)
    if form == "markdown":
        from release.formats.markdown import parsed as parsed_markdown

        return parsed_markdown(text, job)
    if form == "jsonl":
        return _articles(text, job)
    from release.formats.plain import parsed

    end = "" if text.endswith("\n") or not text else "\n"
    return [*parsed(text), *([f"{end}{sentence(job)}\n"] if job.line else [])]


def _articles(text: str, job: Job) -> Document:
    from release.formats.articles import article

    found: Document = []
    for number, row in enumerate(text.split("\n"), 1):
        if row.strip():
            found += [*article(row, f"line {number}", job), "\n"]
    return found
