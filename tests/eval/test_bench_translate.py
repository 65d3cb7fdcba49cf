"""What the benchmark of translation compares: the same work, and the same texts where it can be."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval import bench_decoders, bench_translate
from eval.bench_decoders import Job
from korpu.errors import UsageError
from korpu.nllb import ctranslate, merging, shapes
from tests.eval.parts import AZ, DIRECTION, decode

pytest.importorskip("ctranslate2", reason="needs the extra `export`")
CONTESTANTS = ["generate", "hf", "ct2-float32", "ct2-int8"]


@pytest.fixture(scope="module")
def job(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("model")
    merging.save(copy.deepcopy(tiny[0]), tiny[1], folder / "hf", decode())
    ctranslate.convert(folder / "hf", folder / "ct2", "float32")
    texts = tuple(" ".join(AZ[i % 8].split()[: 2 + i % 9]) for i in range(40))
    return Job("", str(folder / "hf"), DIRECTION, decode(), 200, 1, texts=texts)


def test_all_but_int8_give_the_same_texts(job: Job) -> None:
    found = {
        name: bench_decoders.run(replace(job, contestant=name)).outputs for name in CONTESTANTS
    }
    assert found["generate"] == found["hf"] == found["ct2-float32"]
    assert len(found["ct2-int8"]) == len(job.texts)
    assert len(set(found["hf"])) > 10


def test_random_weights_give_as_many_tokens_as_the_longest_source_of_a_batch(
    tmp_path: Path,
) -> None:
    shape = shapes.Shape(32, 1, 2, 64, 400)
    shapes.build(shape, 400, 1, "cpu").save_pretrained(str(tmp_path / "hf"))
    shapes.numbered(400, tmp_path / "hf")
    ctranslate.convert(tmp_path / "hf", tmp_path / "ct2", "float32")
    lengths = tuple(5 + 7 * i % 31 for i in range(70))
    job = Job("", str(tmp_path / "hf"), DIRECTION, decode(), 200, 1, lengths=lengths)
    tokens = {
        name: bench_decoders.run(replace(job, contestant=name)).tokens for name in CONTESTANTS
    }
    in_order = sum(
        max(lengths[at : at + 32]) * len(lengths[at : at + 32]) for at in range(0, 70, 32)
    )
    assert tokens["generate"] == in_order
    assert sum(lengths) <= tokens["hf"] < in_order
    assert tokens["hf"] == tokens["ct2-float32"] == tokens["ct2-int8"]


def test_lengths_are_news_and_the_seed_s() -> None:
    some = bench_translate.lengths_of_news(2000, 1)
    assert (
        some == bench_translate.lengths_of_news(2000, 1) != bench_translate.lengths_of_news(2000, 2)
    )
    assert 24 < sorted(some)[1000] < 33 and min(some) >= 5 and max(some) > 90


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "needs model=BUNDLE/hf with report=…, or shape=600m"),
        (["shape=600m", "model=x"], "needs model=BUNDLE/hf"),
        (["shape=tiny", "contestants=onnx"], "contestants must be some of hf, ct2-float32"),
        (["shape=7b", "vocabulary=full"], "shape must be tiny, mid"),
        (["shape=tiny", "vocabulary=half"], "vocabulary must be full or trimmed"),
        (["model=nowhere", "report=nowhere"], "has no news.azj_Latn-uzn_Latn"),
    ],
)
def test_wrong_words(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bench_translate.main(words)
