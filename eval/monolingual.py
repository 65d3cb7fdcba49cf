"""Sentences that people wrote, for a model to translate: lines, tables, articles, a corpus.

Nothing is held but a row. A sentence comes in the one orthography and script of its language, as
a corpus has it, and with what is known of where it is from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data_prep.bitext.sentences import to_latin
from data_prep.collect.files import folders, rows, text, values
from data_prep.collect.files.columns import Columns
from data_prep.text.segment import segment
from korpu.errors import UsageError

COLUMNS = (
    "text", "language", "src", "tgt", "src_lang", "tgt_lang", "synthetic_side", "origin",
    "document", "url", "published", "licence", "may_redistribute",
)  # fmt: skip
SIDES = ("src", "tgt")


@dataclass(frozen=True)
class Sentence:
    """``text`` is canonical; the rest is None where the input does not say it."""

    text: str
    origin: str
    document: str | None = None
    published: str | None = None
    licence: str | None = None
    may_redistribute: bool | None = None


def sentences(path: Path, language: str, side: str) -> Iterator[Sentence]:
    """The sentences of a file or folder in ``language``, in its order.

    Lines of a text file are sentences. In a table (JSON lines, CSV, TSV, Parquet) a column
    ``text`` is cut into sentences, as of ``articles.parquet``; of ``src`` and ``tgt`` the side in
    ``language`` is taken, and where no column names languages, ``side``. Rows of other languages
    and sides that a machine wrote are passed over. Raises ``UsageError`` for other files.
    """
    if not path.exists():
        raise UsageError(f"synthesize: there is no file {path}")
    if not path.is_dir() and folders.form_of(path.name) not in ("text", *rows.FORMATS):
        raise UsageError(
            f"synthesize: {path} is neither lines of text (.txt) nor a table (.jsonl, .csv, .tsv, "
            ".parquet)"
        )
    form, files = folders.found(path, "auto", "synthesize")
    for file in files:
        if form == "text":
            for line in text.of_file(file, "synthesize"):
                yield from _sentence(line, language, language, {}, file.stem)
            continue
        wanted = Columns("synthesize", (), COLUMNS, {})
        for place, row in rows.read(file, form, wanted):
            yield from _row(row, place, language, side, file.stem)


def _row(
    row: Mapping[str, Any], place: str, language: str, side: str, name: str
) -> Iterator[Sentence]:
    if row["text"] is not None:
        said = values.text(row["language"], place, "language") or language
        if said[:3] != language[:3]:
            return
        whole, code = to_latin(values.text(row["text"], place, "text"), said)
        for one in segment(whole, code):
            yield from _sentence(one, code, language, row, name)
        return
    if row["src"] is None and row["tgt"] is None:
        raise UsageError(f"{place}: there is neither a column text nor src and tgt")
    chosen: str | None = side
    if row["src_lang"] or row["tgt_lang"]:
        codes = {str(row[f"{one}_lang"])[:3]: one for one in SIDES}
        chosen = codes.get(language[:3])
    if chosen is None or row["synthetic_side"] == chosen:
        return
    said = values.text(row[f"{chosen}_lang"], place, f"{chosen}_lang") or language
    yield from _sentence(values.text(row[chosen], place, chosen), said, language, row, name)


def _sentence(
    text: str, said: str, language: str, row: Mapping[str, Any], name: str
) -> Iterator[Sentence]:
    plain, code = to_latin(" ".join(text.split()), said)
    if not plain or code != language:
        return
    published = row.get("published")
    yield Sentence(
        plain,
        row.get("origin") or name,
        row.get("document") or row.get("url"),
        published.isoformat() if isinstance(published, date) else published,
        row.get("licence"),
        row.get("may_redistribute"),
    )
