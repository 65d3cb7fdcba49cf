"""Systems and metrics that are not ours: programs, files, and what is refused of them."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest

from eval import hypotheses, outside, run_evaluate
from eval.store import read_statistics, write_hypotheses
from eval.testset import Segment, TestSide
from korpu.errors import Infrastructure, KorpuError, NotComparable, UsageError
from korpu.schema import External, Recipe, Scorer
from tests.eval.parts import AZ, BOTH, DIRECTION, UZ, Prepared, of, program, rows

SIDE = TestSide(
    "news",
    BOTH[0],
    tuple(
        Segment(str(i), f"d{i // 2}", az, uz) for i, (az, uz) in enumerate(zip(AZ, UZ, strict=True))
    ),
)


UPPER = "for line in lines: print(sys.argv[2][:3], line.upper())"
LENGTH = "for line in lines: print(len(json.loads(line)['hyp']) / 100 - 1)"


def test_a_program_translates_line_by_line_and_knows_the_direction() -> None:
    run = outside.system("other", External(program(UPPER)))
    assert run(["salam", "", "ə ı"], DIRECTION) == ["uzn SALAM", "uzn ", "uzn Ə I"]


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (program("print('one')"), UsageError, "1 lines came back for 2"),
        (program("sys.exit('no such model')"), Infrastructure, "exit code 1: no such model"),
        (program("sys.stdout.buffer.write(b'\\xff\\n\\xff\\n')"), UsageError, "not UTF-8"),
        ("/nowhere/translate --fast", UsageError, "/nowhere/translate cannot be started"),
        ("'half", UsageError, "cannot be split"),
        (" ", UsageError, "is empty"),
    ],
)
def test_a_program_that_fails_is_named(command: str, kind: type[KorpuError], words: str) -> None:
    with pytest.raises(kind, match=words) as raised:
        outside.system("other", External(command))(["a", "b"], DIRECTION)
    assert "evaluate.external.other" in str(raised.value)


def test_a_program_that_hangs_ends_with_its_children(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = f"import time; time.sleep(1.5); open({str(alive)!r}, 'w')"
    text = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    began = time.monotonic()
    with pytest.raises(Infrastructure, match=r"no answer in 0\.5 s"):
        outside.system("other", External(program(text), timeout=0.5))(["a"], DIRECTION)
    assert time.monotonic() - began < 1.4
    time.sleep(max(0.0, 2.2 - (time.monotonic() - began)))
    assert not alive.exists()


def test_a_sentence_with_a_line_break_is_not_given_to_a_program() -> None:
    with pytest.raises(UsageError, match="line break"):
        outside.system("other", External(program(UPPER)))(["a\u2028b"], DIRECTION)


@pytest.mark.parametrize("answer", ["nan", "inf", "-Infinity", "1e9"])
def test_a_score_that_is_none_is_refused(answer: str) -> None:
    scorer = Scorer(program(f"print(0.5); print('{answer}')"), "m|version:1")
    with pytest.raises(UsageError, match=r"line 2 is .*no score"):
        outside.scores("comet", scorer, AZ[:2], UZ[:2], UZ[:2])


@pytest.mark.parametrize(
    ("text", "words"), [("print('good')", "line 1 is no number"), ("pass", "0 lines came back")]
)
def test_what_is_no_score_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        outside.scores("comet", Scorer(program(text), "1"), AZ[:1], UZ[:1], UZ[:1])


def evaluated(recipe: Recipe, prepared: Prepared, out: Path) -> Any:
    out.mkdir()
    run_evaluate(recipe, {"prepare": prepared(rows())}, out)
    return json.loads((out / "report.json").read_text("utf-8"))


def test_a_report_with_a_program_a_file_and_a_metric_of_others(
    recipe: Recipe, prepared: Prepared, tmp_path: Path
) -> None:
    import jsonschema

    refs = tmp_path / "theirs.txt"
    refs.write_text("".join(f"{row['tgt']}\n" for row in rows()), "utf-8")
    wanted = of(
        recipe,
        systems=["copy", "theirs", "upper"],
        directions=BOTH[:1],
        metrics=["bleu", "spbleu", "ter", "chrf_pp"],
        external={"upper": External(program(UPPER))},
        hypotheses={"theirs": {"news": {BOTH[0]: str(refs)}}},
        scorers={"comet": Scorer(program(LENGTH), "length|version:1")},
    )
    report = evaluated(wanted, prepared, tmp_path / "out")
    published = Path(outside.__file__).with_name("schema") / "report.schema.json"
    schema = json.loads(published.read_text("utf-8"))
    jsonschema.validate(report, schema)
    found = {(r["system"], r["metric"], r["normalised"]): r for r in report["scores"]}
    assert len(found) == 3 * (3 * 2 + 1)
    assert found["theirs", "ter", True]["value"] == 0
    assert found["theirs", "chrf_pp", False]["value"] == pytest.approx(100)
    comet = found["theirs", "comet", False]
    expected = sum(len(row["tgt"]) / 100 - 1 for row in rows()) / 24
    assert comet["value"] == pytest.approx(expected, abs=1e-5)
    assert comet["ci"][0] < comet["value"] < comet["ci"][1]
    assert comet["signature"] == "nrefs:1|comet|length|version:1"
    (missing,) = report["unavailable"]
    assert missing["metric"] == "spbleu" and "evaluate.spm" in missing["reason"]
    counts = read_statistics(tmp_path / "out" / "stats.npz")[f"news/{BOTH[0]}/theirs/comet/raw"]
    assert counts.shape == (24, 2) and counts[:, 1].sum() == 24


def read(path: Path) -> list[str]:
    """The hypotheses of a file as ``theirs``."""
    evaluate = dataclasses.make_dataclass("Evaluate", ["hypotheses"])(
        {"theirs": {"news": {BOTH[0]: str(path)}}}
    )
    return hypotheses.read("theirs", evaluate, SIDE)


def test_hypotheses_by_id_come_in_the_test_set_s_order(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    write_hypotheses(path, SIDE, UZ)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[::-1]) + "\n", "utf-8")
    assert read(path) == UZ
    path.write_text("".join(json.dumps({"id": i, "hyp": str(i)}) + "\n" for i in range(8)), "utf-8")
    assert read(path) == [str(i) for i in range(8)]


@pytest.mark.parametrize(
    ("name", "text", "kind", "words"),
    [
        ("h.txt", "bir\niki\n", UsageError, "2 lines and the test set 8"),
        ("h.txt", "", UsageError, "0 lines and the test set 8"),
        ("h.txt", "\n" * 8, UsageError, "no text in any line"),
        (
            "h.jsonl",
            '{"id": "0", "hyp": "a"}\n',
            UsageError,
            "1 of 8 segments; .* missing one is 1",
        ),
        ("h.jsonl", '{"id": "0", "hyp": "a"}\n' * 2, UsageError, "line 2: 0 is given twice"),
        ("h.jsonl", '{"id": "0", "hyp": NaN}\n', UsageError, "line 1 is no JSON object"),
        ("h.jsonl", '{"id": "77", "hyp": "a"}\n', NotComparable, "another test set"),
        ("h.jsonl", '{"id": "1", "hyp": "a", "src": "Salam"}\n', NotComparable, "another segment"),
    ],
)
def test_files_that_are_refused(
    tmp_path: Path, name: str, text: str, kind: type[KorpuError], words: str
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(kind, match=words):
        read(path)


def test_a_test_set_without_a_file_and_a_file_that_is_not_text(tmp_path: Path) -> None:
    evaluate = dataclasses.make_dataclass("Evaluate", ["hypotheses"])({"theirs": {}})
    with pytest.raises(UsageError, match=r"evaluate\.hypotheses\.theirs\.news\.azj_Latn"):
        hypotheses.read("theirs", evaluate, SIDE)
    (tmp_path / "h.txt").write_bytes(b"\xff" * 9)
    with pytest.raises(UsageError, match="not UTF-8"):
        read(tmp_path / "h.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["+evaluate.external.mine.timeout=3"], r"mine\.command has no value"),
        (["+evaluate.external.mine={command: x, timeot: 3}"], r"did you mean .*mine\.timeout"),
        (["+evaluate.external.mine={command: x, timeout: long}"], r"timeout cannot be 'long'"),
        (["+evaluate.external.copy.command=x"], "'copy' names two systems"),
        (["+evaluate.bundles.shipped=3"], "is no table of values"),
    ],
)
def test_a_program_of_the_command_line_is_checked(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        composed("evaluate.systems=[copy,mine,shipped]", *words)


def test_a_program_is_named_on_the_command_line() -> None:
    recipe = composed("evaluate.systems=[copy,mine]", "+evaluate.external.mine.command=run it")
    assert recipe.evaluate.external == {"mine": External("run it")}
    with pytest.raises(UsageError, match="does not name mine"):
        composed("+evaluate.external.mine.command=run it")


def composed(*words: str) -> Recipe:
    from hydra import compose, initialize_config_dir

    from korpu.config import CONFIGS, recipe_of, register

    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return recipe_of(compose("evaluate", list(words)))
