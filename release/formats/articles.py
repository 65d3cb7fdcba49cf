"""JSON lines: an article an object, some of whose fields are text; the others stay as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from json import JSONDecodeError, JSONDecoder

from korpu.errors import UsageError
from korpu.languages import LANGUAGES, language
from release.formats.document import Change, Document, Note, Segment, text_parts
from release.formats.job import Job, facts

_DECODER = JSONDecoder()
_SPACE = " \t\r\n"


def article(row: str, where: str, job: Job) -> Document:
    """One line's object with the text fields as segments, a paragraph each.

    ``language`` becomes the target, in the way it is written (FLORES code or BCP 47 tag). Raises
    ``UsageError`` saying what is wrong ``where``.
    """
    members = _members(row, where)
    texts = [name for name in job.fields if isinstance(members.get(name, (None, ""))[0], str)]
    for name in job.fields:
        value = members.get(name, (None, ""))[0]
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{where}: {name} is not a text; name the text fields with fields=…")
    if not texts:
        raise UsageError(f"{where}: there is no {' or '.join(job.fields)} to translate")
    code = _language(members.get("language", (None, ""))[0], where, job)
    dropped = {"language", "translation"} if job.metadata else {"language"}
    document: Document = ["{"]
    for name, (value, raw) in members.items():
        if name in dropped:
            continue
        document.append(("" if len(document) == 1 else ", ") + f"{_quoted(name)}: ")
        document += _string(str(value), name) if name in texts else [raw]
    document.append(f", {_quoted('language')}: {_quoted(code)}")
    if job.metadata:
        document += [f", {_quoted('translation')}: ", Note(tell=partial(_told, job))]
    return [*document, "}"]


def _members(row: str, where: str) -> dict[str, tuple[object, str]]:
    """The object's values, and how each is written: a number is not to lose its digits."""
    try:
        found = json.loads(row, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        what = error.msg if isinstance(error, JSONDecodeError) else str(error)
        place = f" at column {error.colno}" if isinstance(error, JSONDecodeError) else ""
        raise UsageError(f"{where} is not JSON: {what}{place}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{where} is not a JSON object with an article's fields")
    members: dict[str, tuple[object, str]] = {}
    at = _skip(row, row.index("{") + 1)
    while row[at] != "}":
        name, end = _value(row, at)
        colon = _skip(row, end)
        start = _skip(row, colon + 1)
        value, end = _value(row, start)
        if name in members:
            raise UsageError(f"{where} has the field {name} twice")
        members[str(name)] = value, row[start:end]
        at = _skip(row, end)
        if row[at] == ",":
            at = _skip(row, at + 1)
    return members


def _value(row: str, at: int) -> tuple[object, int]:
    value, end = _DECODER.raw_decode(row, at)
    return value, int(end)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _skip(row: str, at: int) -> int:
    while row[at] in _SPACE:
        at += 1
    return at


def _language(given: object, where: str, job: Job) -> str:
    """The target as the article writes its language; refuses an article in another one."""
    target = language(job.target)
    if given is None:
        return target.flores
    codes = {code for known in LANGUAGES.values() for code in (known.flores, known.iso)}
    if not isinstance(given, str) or given not in codes:
        known = ", ".join(LANGUAGES)
        raise UsageError(f"{where}: language is {given!r}, which is none of {known}")
    if language(given).flores[:3] != job.source[:3]:
        raise UsageError(
            f"{where} is in {language(given).name}, not in {language(job.source).name}"
        )
    return target.flores if given == language(given).flores else target.iso


def _told(job: Job, changes: Sequence[Change]) -> str:
    """What translated the article, and where its numbers are not the source's."""
    numbers = [
        {
            "field": change.field,
            "line": change.paragraph,
            "source": change.source,
            "translation": change.translation,
        }
        for change in changes
    ]
    told = {**facts(job), "numbers": numbers} if numbers else facts(job)
    return json.dumps(told, ensure_ascii=False)


def _string(text: str, field: str) -> Document:
    document: Document = ['"']
    for number, paragraph in enumerate(text.split("\n"), 1):
        document += [_escaped("\n")] if number > 1 else []
        parts = text_parts(_escaped(paragraph), paragraph, _escaped)
        document.append(Segment(parts, _escaped, field, number))
    return [*document, '"']


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _escaped(text: str) -> str:
    return _quoted(text)[1:-1]
