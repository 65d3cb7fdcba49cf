"""The two ways in which parallel text is handed on: line-aligned files (Moses) and TMX 1.4.

A writer takes rows of the corpus one at a time and holds none of them. TMX is as in the LISA
specification 1.4b (2005); a file of it has one unit a pair, with what is known of the pair as
properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, Self, TextIO
from xml.sax.saxutils import escape, quoteattr

from korpu import __version__
from korpu.languages import language

# What ends a line for one reader or another is a space in a segment, and several are one, as XML's
# readers take it; other control characters, byte order marks and what XML 1.0 (section 2.2) forbids
# have no place in a text.
_SPACES = re.compile("[ \t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
PROPERTIES = ("document", "origin", "licence", "score", "published", "synthetic_side")


class Writer(Protocol):
    """A split of one pair of languages on its way to a folder."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a pair, a row with the columns of a corpus."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def segment(text: str) -> str:
    """A text as one line without control characters; normalised text stays as it is."""
    return _SPACES.sub(" ", _FORBIDDEN.sub("", text)).strip()


def tag(code: str) -> str:
    """The BCP 47 tag of a FLORES code, with the script of a language that has two: az-Latn."""
    known = language(code)
    two = known.iso in ("az", "uz")
    return f"{known.iso}-{known.script}" if two else known.iso


class Moses:
    """`train.azj_Latn` and `train.uzn_Latn`: line i of one translates line i of the other.

    Line i of `train.documents` is its document, of `train.ids` its id, origin and licence with tabs
    between them.
    """

    def __init__(self, folder: Path, split: str, src: str, tgt: str) -> None:
        self._src, self._tgt, self._documents, self._ids = (
            _opened(folder / f"{split}.{end}") for end in (src, tgt, "documents", "ids")
        )

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a line of each file."""
        self._src.write(segment(row["src"]) + "\n")
        self._tgt.write(segment(row["tgt"]) + "\n")
        self._documents.write(segment(row["document"] or row["id"]) + "\n")
        told = (segment(row[name] or "") for name in ("id", "origin", "licence"))
        self._ids.write("\t".join(told) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._src, self._tgt, self._documents, self._ids):
            stream.close()


class Tmx:
    """`train.tmx`, a translation memory in the two languages."""

    def __init__(self, folder: Path, split: str, src: str, tgt: str) -> None:
        self._stream = _opened(folder / f"{split}.tmx")
        self._tags = tag(src), tag(tgt)
        self._stream.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
            f'<header creationtool="korpu" creationtoolversion={quoteattr(__version__)} '
            f'segtype="sentence" o-tmf="korpu" adminlang="en" srclang={quoteattr(self._tags[0])} '
            'datatype="plaintext"/>\n<body>\n'
        )

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a unit."""
        parts = [f"<tu tuid={quoteattr(segment(row['id']))}>\n"]
        parts += [_property(name, row[name]) for name in PROPERTIES if row[name] is not None]
        parts.append(_property("may_redistribute", "yes" if row["may_redistribute"] else "no"))
        for code, side in zip(self._tags, ("src", "tgt"), strict=True):
            url = row[f"{side}_url"]
            parts.append(
                f"<tuv xml:lang={quoteattr(code)}>{_property('url', url).strip() if url else ''}"
                f"<seg>{escape(segment(row[side]))}</seg></tuv>\n"
            )
        self._stream.write("".join(parts) + "</tu>\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.write("</body>\n</tmx>\n")
        self._stream.close()


WRITERS: Mapping[str, Callable[[Path, str, str, str], Writer]] = {"moses": Moses, "tmx": Tmx}


def _property(name: str, value: Any) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else segment(str(value))
    return f'<prop type="x-{name.replace("_", "-")}">{escape(text)}</prop>\n'


def _opened(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")
