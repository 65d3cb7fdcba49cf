"""`korpu text`: lines in, lines out, as they come."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.text import command
from korpu.bench import parsed
from korpu.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
KORPU = [sys.executable, "-m", "korpu.cli", "text"]


class Standard:
    """Standard input or output of bytes."""

    def __init__(self, given: bytes = b"") -> None:
        self.buffer = io.BytesIO(given)


def says(given: str | bytes, *words: str) -> str:
    """What the command writes for an input."""
    source = io.BytesIO(given.encode() if isinstance(given, str) else given)
    target = io.BytesIO()
    name, *rest = words
    wanted = parsed(f"korpu text {name}", rest, command.WORDS[name])
    command.run(command._ACTIONS[name](wanted), source, target)
    return target.getvalue().decode()


def korpu(given: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*KORPU, *words], input=given, capture_output=True, cwd=ROOT, timeout=60)


def test_normalize() -> None:
    assert says("O'zbekiston  va\u00ad G‘alaba\n\nson\n", "normalize", "language=uz") == (
        "Oʻzbekiston va Gʻalaba\n\nson\n"
    )
    assert says("Choʻl\n", "normalize", "language=uz", "orthography=2026") == "Çöl\n"


@pytest.mark.parametrize(
    ("words", "given", "expected"),
    [
        (["language=uz_cyrl"], "Ўзбекистон\n", "Oʻzbekiston\n"),
        (["language=uz"], "Oʻzbekiston\n", "Ўзбекистон\n"),
        (["language=uz-Cyrl", "to=uz"], "ШАҲАР", "SHAHAR\n"),
        (["language=AZ_Cyrl", "to=azj_Latn"], "Бакы\n\nҜәнҹә\n", "Bakı\n\nGəncə\n"),
    ],
)
def test_transliterate(words: list[str], given: str, expected: str) -> None:
    assert says(given, "transliterate", *words) == expected


def test_identify() -> None:
    lines = "Bakıda bu gün hava günəşlidir.\n\nToshkentda\tbugun havo ochiq boʻladi.\nBu\n"
    rows = [line.split("\t", 3) for line in says(lines, "identify").splitlines()]
    assert [row[0] for row in rows[:3]] == ["azj_Latn", "und", "uzn_Latn"]
    assert [row[2] for row in rows] == ["reliable", "unsure", "reliable", "unsure"]
    assert [row[3] for row in rows] == lines.splitlines()
    assert 0.9 < float(rows[0][1]) <= 1 and float(rows[1][1]) == 0
    only = says(lines, "identify", "only=code").splitlines()
    assert only == [row[0] for row in rows]


def test_segment() -> None:
    given = "Prof. Ş. Əliyev gəldi. Sonra getdi.\n\n\nO, 5 mln. manat aldı.\n"
    first = ["Prof. Ş. Əliyev gəldi.", "Sonra getdi."]
    second = ["O, 5 mln. manat aldı."]
    assert says(given, "segment", "language=az").split("\n") == [*first, "", *second, ""]
    plain = says(given, "segment", "language=az", "blank=false")
    assert plain.split("\n") == [*first, *second, ""]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["segmnt"], "no 'segmnt': did you mean segment?"),
        (["shout"], "no 'shout': use normalize, transliterate, identify, segment"),
        (["segment"], "needs language="),
        (["segment", "langage=az"], "did you mean language=…?"),
        (["segment", "language=az", "blank=no"], "blank must be true or false"),
        (["segment", "language=xx"], "unknown language 'xx'"),
        (["transliterate", "language=az"], "azj_Latn to another script is not known"),
        (["transliterate", "language=uz", "to=az"], "uzn_Latn to azj_Latn is not known"),
        (["normalize", "language=az", "orthography=2026"], "orthography=… is for uzn_Latn"),
        (["normalize", "language=uz", "orthography=1900"], "1900"),
        (["identify", "only=text"], "only must be code"),
        (["normalize", "language=az", "language=uz"], "given twice"),
    ],
)
def test_wrong_words_are_refused_before_a_line_is_read(
    words: list[str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", given := Standard(b"Salam\n"))
    with pytest.raises(UsageError, match=problem.replace("?", r"\?")):
        command.main(words)
    assert given.buffer.tell() == 0


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 2
    for words in (["help"], ["--help"], ["segment", "-h"]):
        assert command.main(words) == 0
    printed = capsys.readouterr().out
    assert printed == command.HELP * 4
    assert all(f"\n  {action} " in printed for action in command.WORDS)


def test_without_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        command.main(["identify"])


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_order_mark_and_line_ends(end: bytes) -> None:
    given = b"\xef\xbb\xbf" + end.join([b"bir", b"", b"iki \r dir", b""])
    assert says(given, "normalize", "language=az") == "bir\n\niki dir\n"


def test_what_comes_before_a_bad_line_is_written() -> None:
    done = korpu(b"bir.\niki.\n" + "ü".encode("cp1254") + b"\nson\n", "segment", "language=az")
    assert (done.returncode, done.stdout) == (2, b"bir.\n\niki.\n")
    assert done.stderr.decode() == (
        "korpu: line 3 of standard input is not UTF-8 (byte 1); "
        "convert it first, or take the line out\n"
    )


def test_a_bad_line_far_away_has_its_number() -> None:
    target = io.BytesIO()
    source = io.BytesIO(b"bir\n" * 50_000 + b"iki\xff")
    with pytest.raises(UsageError, match=r"line 50001 of standard input is not UTF-8 \(byte 4\)"):
        command.run(lambda lines: iter(lines), source, target)
    assert target.getvalue() == b"bir\n" * 50_000


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LONGEST", 1 << 18)
    target = io.BytesIO()
    with pytest.raises(UsageError, match="line 2 of standard input is longer than 262,144 bytes"):
        command.run(lambda lines: iter(lines), io.BytesIO(b"a\n" + b"b" * (1 << 20)), target)
    assert target.getvalue() == b"a\n"


def test_each_line_is_answered_as_it_comes() -> None:
    with subprocess.Popen(
        [*KORPU, "segment", "language=uz", "blank=false"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin and process.stdout
        for line in ("Salom. Qalaysiz?", "Yaxshi."):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            for sentence in line.split(" "):  # blocks for ever if nothing is flushed
                assert process.stdout.readline().decode() == f"{sentence}\n"
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [*KORPU, "normalize", "language=az"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"Salam\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"Salam\n"
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            while True:
                process.stdin.write(b"Salam\n" * 10_000)
        assert process.stderr.read() == b""
        process.stdin = None
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["segment", "language=az"],
        ["normalize", "language=uz"],
        ["transliterate", "language=uz_cyrl"],
        ["identify", "only=code"],
    ],
)
def test_a_long_line(words: list[str]) -> None:
    line = "Prof. Ş. Əliyev “gəldi”, 5 mln. manat aldı. Ўзбекистон ва ҳ.к. " * 3_000
    began = time.process_time()
    assert says(line, *words)
    assert time.process_time() - began < 20


lines = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.text("aə'ʻ’oOgGшЎ.!?… \t\r\x0b\x85\u2028\ufeff“”\"–1)&#;", max_size=40),
    ).map(lambda text: text.replace("\n", " ").encode("utf-8", "ignore").decode()),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(lines, st.sampled_from(["az", "uz", "uz_cyrl", "az_cyrl", "en"]))
def test_lines_stay_aligned_and_normalize_is_idempotent(given: list[str], language: str) -> None:
    text = "".join(f"{line}\n" for line in given)
    once = says(text, "normalize", f"language={language}")
    assert once.count("\n") == len(given)
    assert says(once, "normalize", f"language={language}") == once
    assert says(text, "identify", "only=code").count("\n") == len(given)
    assert says(text, "transliterate", "language=uz").count("\n") == len(given)


@settings(max_examples=200, deadline=None)
@given(lines, st.sampled_from(["az", "uz", "uz_cyrl", "en"]))
def test_segment_loses_only_spaces(given: list[str], language: str) -> None:
    text = "".join(f"{line}\n" for line in given)
    once = says(text, "segment", f"language={language}", "blank=false")
    kept = text.encode().removeprefix(b"\xef\xbb\xbf").decode()
    assert "".join(once.split()) == "".join(kept.split())
    assert says("\n" + once, "segment", f"language={language}", "blank=false") == once


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(command.WORDS)))
def test_any_bytes_give_lines_or_a_sentence(given: bytes, action: str) -> None:
    words = [] if action == "identify" else ["language=uz"]
    try:
        says(given, action, *words)
    except UsageError as error:
        assert "is not UTF-8" in str(error)
        with pytest.raises(UnicodeDecodeError):
            given.decode()
