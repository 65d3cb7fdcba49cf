"""`korpu text`: the text functions on lines of standard input, each usable alone."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from korpu.bench import parsed
from korpu.errors import DONE, UsageError
from korpu.languages import LANGUAGES, language

HELP = """korpu text ACTION [word=value …]

Reads UTF-8 lines from standard input and writes to standard output as they come.

  normalize language=L [orthography=1995|2021|2023|2026]
        one orthography per language; a line for each line. Other spellings than 1995 for uzn_Latn
  transliterate language=L [to=L]
        uz_cyrl → uz, uz → uz_cyrl, az_cyrl → az; a line for each line
  identify [only=code]
        code TAB confidence (0–1) TAB reliable|unsure TAB the line; `und` where it is not clear.
        only=code: the code alone
  segment language=L [blank=false]
        one sentence a line. A line of the input is a paragraph; an empty line stands between
        paragraphs (blank=false: none). Empty lines of the input give nothing

Languages: az, uz, uz_cyrl, az_cyrl, en, ru, tr, or FLORES codes (uzn_Latn). A byte order mark and
carriage returns are dropped. Exit 2 at the first line that is not UTF-8, with its number; the
lines before it are written.

  korpu text normalize language=uz < raw.txt | korpu text segment language=uz
  korpu text identify < lines.txt | awk -F'\\t' '$1 == "azj_Latn" && $3 == "reliable"' | cut -f4-
"""
WORDS = {
    "normalize": {"language": "", "orthography": "1995"},
    "transliterate": {"language": "", "to": ""},
    "identify": {"only": ""},
    "segment": {"language": "", "blank": "true"},
}
CHUNK = 1 << 16  # bytes read at once at most; what is there is answered, whatever its size
LONGEST = 1 << 28  # bytes of a line: 256 MB, so that a stream without line ends is no memory leak
_OTHER_SCRIPT = {"uzn_Cyrl": "uzn_Latn", "uzn_Latn": "uzn_Cyrl", "azj_Cyrl": "azj_Latn"}

Lines = Callable[[list[str]], Iterator[str]]
"""From some lines of the input to lines of the output; may keep what it needs in between."""


def main(words: list[str]) -> int:
    """Run the command; returns 0 (2 without words). Raises ``UsageError`` for its words and for
    input that is not UTF-8."""
    if not words or any(word in ("-h", "--help", "help") for word in words):
        print(HELP, end="")
        return DONE if words else UsageError.exit_code
    action = words[0]
    if action not in WORDS:
        near = difflib.get_close_matches(action, WORDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use {', '.join(WORDS)}"
        raise UsageError(f"korpu text has no {action!r}: {hint}")
    given = parsed(f"korpu text {action}", words[1:], WORDS[action])
    if sys.stdin is None:
        raise UsageError("standard input is closed; give it the lines to work on")
    run(_ACTIONS[action](given), sys.stdin.buffer, sys.stdout.buffer)
    return DONE


def run(work: Lines, source: BinaryIO, target: BinaryIO) -> None:
    """Everything ``work`` makes of the lines of ``source``, flushed as often as they arrive.

    Raises ``UsageError`` at a line that is not UTF-8 or longer than ``LONGEST``, after the lines
    before it are written.
    """
    number = 0
    for raw in _arriving(source):
        lines, problem = [], ""
        for line in raw:
            number += 1
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                problem = f"line {number} of standard input is not UTF-8 (byte {error.start + 1})"
                break
            lines.append(text.rstrip("\r").replace("\r", " "))
        for made in work(lines):
            target.write(made.encode("utf-8", "replace") + b"\n")
        target.flush()
        if problem:
            raise UsageError(f"{problem}; convert it first, or take the line out")


def _arriving(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lists of whole lines without their end, as they arrive: a pipe's reader never waits."""
    begun: list[bytes] = []
    size = number = 0
    read: Callable[[int], bytes] = getattr(source, "read1", source.read)
    while chunk := read(CHUNK):
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = b"".join([*begun, whole[0]])
            begun, size, number = [], 0, number + len(whole)
            yield whole
        begun.append(rest)
        size += len(rest)
        if size > LONGEST:
            raise UsageError(
                f"line {number + 1} of standard input is longer than {LONGEST:,} bytes; "
                "break it into paragraphs"
            )
    if size:
        yield [b"".join(begun)]


def _code(given: dict[str, str], name: str = "language") -> str:
    """The FLORES code of a word such as az, uz_cyrl, uz-Cyrl or uzn_Latn."""
    value = given[name]
    if not value:
        raise UsageError(f"korpu text needs {name}=…, such as {name}=az; see `korpu text help`")
    wanted = value.replace("_", "-").lower()
    for known in LANGUAGES.values():
        if wanted in (known.iso.lower(), known.flores.replace("_", "-").lower()):
            return known.flores
    return language(value).flores


def _each(function: Callable[[str], str]) -> Lines:
    return lambda lines: map(function, lines)


def _normalize(given: dict[str, str]) -> Lines:
    from data_prep.text.normalize import normalize

    code, orthography = _code(given), given["orthography"]
    if orthography != "1995" and code != "uzn_Latn":
        raise UsageError(f"{code} has one orthography; orthography=… is for uzn_Latn")
    normalize("", code, orthography)  # an unknown name is refused before any line is read
    return _each(lambda line: normalize(line, code, orthography))


def _transliterate(given: dict[str, str]) -> Lines:
    from data_prep.text import transliterate as functions

    code = _code(given)
    to = _code(given, "to") if given["to"] else _OTHER_SCRIPT.get(code, "")
    known = {
        ("uzn_Cyrl", "uzn_Latn"): functions.uz_cyrillic_to_latin,
        ("uzn_Latn", "uzn_Cyrl"): functions.uz_latin_to_cyrillic,
        ("azj_Cyrl", "azj_Latn"): functions.az_cyrillic_to_latin,
    }
    if (code, to) not in known:
        ways = ", ".join(f"{source} to {target}" for source, target in known)
        raise UsageError(f"{code} to {to or 'another script'} is not known; there are {ways}")
    return _each(known[code, to])


def _identify(given: dict[str, str]) -> Lines:
    from data_prep.text.identify import identify

    if given["only"] not in ("", "code"):
        raise UsageError(f"only must be code, not {given['only']!r}")
    if given["only"]:
        return _each(lambda line: identify(line).language)

    def line_of(line: str) -> str:
        found = identify(line)
        sure = "reliable" if found.reliable else "unsure"
        return f"{found.language}\t{found.confidence:.3f}\t{sure}\t{line}"

    return _each(line_of)


def _segment(given: dict[str, str]) -> Lines:
    from data_prep.text.segment import segment

    code = _code(given)
    if given["blank"] not in ("true", "false"):
        raise UsageError(f"blank must be true or false, not {given['blank']!r}")
    blank, begun = given["blank"] == "true", False

    def sentences(lines: Iterable[str]) -> Iterator[str]:
        nonlocal begun
        for line in lines:
            found = segment(line, code)
            if found and begun and blank:
                yield ""
            begun = begun or bool(found)
            yield from found

    return sentences


_ACTIONS: dict[str, Callable[[dict[str, str]], Lines]] = {
    "normalize": _normalize,
    "transliterate": _transliterate,
    "identify": _identify,
    "segment": _segment,
}
