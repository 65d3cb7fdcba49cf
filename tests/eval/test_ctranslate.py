"""CTranslate2 behind the same decoder: the same translations, and nothing cut without a word."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.converted import converted
from eval.decoding import through, translate
from korpu.bundle import seal
from korpu.errors import SaysNo, UsageError
from korpu.nllb import ctranslate
from korpu.schema import Bundle, Decode, Recipe
from tests.eval.parts import AZ, DIRECTION, decode

pytest.importorskip("ctranslate2", reason="needs the extra `export`")


def texts() -> list[str]:
    return [" ".join(AZ[i % 8].split()[: 2 + i % 9]) for i in range(40)]


@pytest.fixture(scope="module")
def directory(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import copy

    model, tokenizer = tiny
    folder = tmp_path_factory.mktemp("converted")
    return converted(folder, "tiny", lambda: (copy.deepcopy(model), tokenizer), decode())


def found(
    directory: Path,
    tokenizer: Any,
    lines: Sequence[str],
    how: Decode,
    kind: str = "float32",
    threads: int = 2,
    limit: int = 200,
) -> list[str]:
    translator = ctranslate.load(directory, "cpu", kind, threads)

    def search(rows: Sequence[list[int]], code: int) -> Any:
        return ctranslate.search(translator, tokenizer, rows, code, how)

    return through(search, tokenizer, lines, DIRECTION, limit)


@pytest.mark.parametrize("changed", [{}, {"no_repeat_ngram": 2}], ids=str)
def test_float32_gives_what_the_model_gives(
    tiny: Any, directory: Path, changed: dict[str, Any]
) -> None:
    how = decode(**changed)
    assert found(directory, tiny[1], texts(), how) == translate(*tiny, texts(), DIRECTION, how, 200)


def test_beam_search_differs_where_the_rules_for_stopping_do(tiny: Any, directory: Path) -> None:
    how = decode(beam=3)
    ours = translate(*tiny, texts(), DIRECTION, how, 200)
    theirs = found(directory, tiny[1], texts(), how)
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same >= 0.8 * len(ours)  # this model is random: many of its hypotheses are near ties
    assert theirs != found(directory, tiny[1], texts(), decode())


@pytest.mark.parametrize("most", [2, 5, 24])
def test_both_stop_at_the_same_token(tiny: Any, directory: Path, most: int) -> None:
    how = decode(max_new_tokens=most)
    ours = translate(*tiny, texts(), DIRECTION, how, 200)
    assert found(directory, tiny[1], texts(), how) == ours
    assert len(set(ours)) > 5


def test_threads_and_batches_change_nothing(tiny: Any, directory: Path) -> None:
    alone = found(directory, tiny[1], texts(), decode(batch_tokens=1), threads=1)
    assert found(directory, tiny[1], texts(), decode(batch_tokens=9000), threads=2) == alone


def test_long_input_is_split_and_not_cut(tiny: Any, directory: Path) -> None:
    long = [" ".join(AZ * 3), "", " \n "]
    expected = translate(*tiny, long, DIRECTION, decode(), 70)
    assert found(directory, tiny[1], long, decode(), limit=70) == expected


def test_int8_is_another_model(tiny: Any, directory: Path) -> None:
    exact = found(directory, tiny[1], texts(), decode())
    rounded = found(directory, tiny[1], texts(), decode(), kind="int8")
    assert len(rounded) == len(exact) and any(rounded)


def test_a_type_the_device_does_not_have_is_refused(directory: Path) -> None:
    with pytest.raises(UsageError, match="float16 is not available on this cpu; use one of"):
        ctranslate.load(directory, "cpu", "float16", 1)


def test_a_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaysNo, match="cannot be loaded"):
        ctranslate.load(tmp_path, "cpu", "float32", 1)


def test_a_conversion_is_made_once_and_an_adapter_is_merged(tiny: Any, tmp_path: Path) -> None:
    import copy

    import torch
    from peft import LoraConfig, get_peft_model

    model, tokenizer = tiny
    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "fc1"], init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(model), config).eval()
    expected = translate(adapted, tokenizer, texts(), DIRECTION, decode(), 200)
    loads = 0

    def load() -> tuple[Any, Any]:
        nonlocal loads
        loads += 1
        return copy.deepcopy(adapted), tokenizer

    first = converted(tmp_path, "adapted", load, decode())
    assert converted(tmp_path, "adapted", load, decode()) == first and loads == 1
    assert converted(tmp_path, "another", load, decode()) != first
    assert found(first, tokenizer, texts(), decode()) == expected
    assert not list(tmp_path.glob("*.tmp"))


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def load() -> tuple[Any, Any]:
        raise MemoryError

    with pytest.raises(MemoryError):
        converted(tmp_path, "one", load, decode())
    assert not list(tmp_path.iterdir())


def test_evaluation_by_ctranslate2_equals_its_own_and_keeps_what_it_translated(
    tiny: Any, recipe: Any, prepared: Any, tmp_path: Path
) -> None:
    import copy
    import json

    from eval import run_evaluate
    from korpu.nllb import merging
    from tests.eval.parts import of, rows

    model, tokenizer = tiny
    merging.save(copy.deepcopy(model), tokenizer, tmp_path / "model", decode())
    local = dataclasses.replace(recipe.model, weights="local", path=str(tmp_path / "model"))
    runtime = dataclasses.replace(recipe.runtime, outputs=str(tmp_path / "outputs"))
    recipe = dataclasses.replace(recipe, model=local, runtime=runtime, decode=decode())
    inputs = {"prepare": prepared(rows())}

    def scores(name: str, **given: Any) -> dict[str, Any]:
        (tmp_path / name).mkdir()
        run_evaluate(of(recipe, systems=["base"], **given), inputs, tmp_path / name)
        made: dict[str, Any] = json.loads((tmp_path / name / "report.json").read_text("utf-8"))
        return made

    hf, ct2 = scores("hf"), scores("ct2", backend="ctranslate2")
    assert [row["value"] for row in hf["scores"]] == [row["value"] for row in ct2["scores"]]
    assert hf["decode"]["backend"] == "hf" and ct2["decode"]["backend"] == "ctranslate2"
    kept = sorted((tmp_path / "outputs" / "translations").glob("*.sqlite"))
    assert len(kept) == 2
    (tmp_path / "outputs" / "converted").rename(tmp_path / "elsewhere")  # no weights: kept only
    one = scores("again", backend="ctranslate2", metrics=["bleu"])
    assert one["scores"][0]["value"] == ct2["scores"][0]["value"]
    assert not (tmp_path / "outputs" / "converted").exists()


def test_a_bundle_is_a_system(tiny: Any, directory: Path, recipe: Recipe, tmp_path: Path) -> None:
    """Its folders, read as other services read them, give what the model gives."""
    import copy
    import shutil

    from eval.load import load_system
    from korpu.nllb import merging

    model, tokenizer = tiny
    home = tmp_path / "bundle"
    merging.save(copy.deepcopy(model), tokenizer, home / "hf", decode())
    shutil.copytree(directory, home / "ct2-float32")
    seal(home, "small", "1.0.0", {})
    expected = translate(model, tokenizer, texts()[:8], DIRECTION, decode(), 200)
    for form in ("hf", "ct2-float32", "ct2-int8"):
        bundles = {"shipped": Bundle(str(home), form)}
        wanted = dataclasses.replace(
            recipe,
            decode=decode(),
            model=dataclasses.replace(recipe.model, max_length=200),
            evaluate=dataclasses.replace(recipe.evaluate, bundles=bundles),
        )
        if form == "ct2-int8":
            with pytest.raises(UsageError, match="has no ct2-int8; it has ct2-float32, hf"):
                load_system("shipped", wanted, {}, "cpu")
        else:
            run = load_system("shipped", wanted, {}, "cpu")
            assert run(texts()[:8], DIRECTION) == expected
            changed = home / form / "config.json"
            changed.write_bytes(changed.read_bytes() + b" ")
            with pytest.raises(SaysNo, match=f"{form}/config.json is not the file"):
                load_system("shipped", wanted, {}, "cpu")
            changed.write_bytes(changed.read_bytes()[:-1])
