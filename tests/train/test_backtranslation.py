"""Back-translation and distillation through the stages, as docs/mixing.md has them."""

import itertools
import json
from pathlib import Path

import polars as pl
import pytest
from tiny_recipe import CITIES, SKIES, TEMPLATES, words, write_lines

from korpu import cli
from korpu.errors import USAGE
from train import reload, validation
from train.corpus import TAG

MODEL = [
    "model.d_model=48", "model.ffn=96", "model.dropout=0", "train.steps=2", "base.steps=90",
    "base.lr=1e-2", "base.target_tokens=1000", "base.validate_every=90", "base.save_every=90",
    "train.validate_every=2", "decode.max_new_tokens=40", "prepare.filter.numbers=false",
    "prepare.dedupe.side=both",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where both tests work: what the first one collects and trains, the second one has."""
    found = tmp_path_factory.mktemp("work")
    write_lines(found)
    return found


@pytest.fixture
def korpu(folder, monkeypatch, capsys):
    """Run a command on the recipe in this process; returns what it printed."""
    monkeypatch.setattr(reload, "check", lambda *_, **__: 0)

    def run(command, *more, sources="ui", fails=0):
        told = [w for w in words(folder, *MODEL, *more) if w != "source=ui"]
        code = cli.run([command, f"source={sources}", *told])
        out, err = capsys.readouterr()
        assert code == fails, err
        return out if not fails else err

    return run


def made(folder, stage, name):
    """The stats of a recipe's newest artifact of a stage, and its folder."""
    found = sorted(
        (folder / "outputs" / stage).glob(f"{name}-*/manifest.json"),
        key=lambda path: path.stat().st_mtime_ns,
    )
    return json.loads(found[-1].read_text("utf-8"))["stats"], found[-1].parent


def splits(folder):
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in ("train", "dev", "test")}


def test_translations_of_uzbek_text_come_back_as_tagged_sources(korpu, folder, monkeypatch):
    seen = []
    real = validation.translate

    def translate(model, tokenizer, texts, *rest):
        seen.extend(texts)
        return real(model, tokenizer, texts, *rest)

    monkeypatch.setattr(validation, "translate", translate)
    for command in ("collect", "prepare", "train"):
        korpu(command)
    quotes = str.maketrans("«»", "“”")  # as Uzbek has them here
    uzbek = [
        side[1].format(city=city, sky=sky, t=t)
        for side in TEMPLATES
        for city, sky, t in itertools.product(CITIES, SKIES, range(31, 34))
    ]
    (folder / "uzbek.txt").write_text("\n".join(uzbek))
    uzbek = [line.translate(quotes) for line in uzbek]
    asked = [f"synthesize={folder / 'uzbek.txt'}", "direction=uzn_Latn-azj_Latn"]
    path = Path(korpu("evaluate", *asked).split()[-1])
    assert "already" not in korpu("evaluate", *asked)
    rows = pl.read_parquet(path)
    assert 20 < rows.height <= len(uzbek)
    assert set(rows["tgt"]) <= set(uzbek) and set(rows["synthetic_side"]) == {"src"}
    manifest = json.loads((path.parent / "manifest.json").read_text("utf-8"))
    assert manifest["stats"]["kept"] == rows.height
    assert {one["stage"] for one in manifest["inputs"]} == {"base", "train"}

    monkeypatch.setenv("KORPU_SYNTHETIC", str(path))
    more = [
        "name=back", "base.steps=2", "base.select.origin=[ui]", "train.tag_synthetic=true",
        "+train.weights.synthetic=0.5",
    ]  # fmt: skip
    for command in ("collect", "prepare", "train"):
        korpu(command, *more, sources="[synthetic,ui]")
    parts = splits(made(folder, "prepare", "back")[1])
    back = parts["train"].filter(origin="synthetic")
    assert back.height > 15 and set(back["synthetic_side"]) == {"src"}
    assert set(back["tgt"]) <= set(uzbek)
    assert all(set(parts[name]["origin"]) == {"ui"} for name in ("dev", "test"))
    stats, _ = made(folder, "train", "back")
    found = {(row["direction"], row["origin"]): row for row in stats["mixture"]}
    assert set(found) == {
        ("azj_Latn-uzn_Latn", "ui"), ("uzn_Latn-azj_Latn", "ui"),
        ("azj_Latn-uzn_Latn", "synthetic"),
    }  # fmt: skip
    one = found["azj_Latn-uzn_Latn", "synthetic"]
    assert one["examples"] == one["tagged"] == back.height
    assert one["times"] == 0.5
    assert found["azj_Latn-uzn_Latn", "ui"]["tagged"] == 0
    assert len(seen) > 10 and not any(TAG in text for text in seen)

    said = korpu("train", *more, "+train.weights.sintetic=2", sources="[synthetic,ui]", fails=USAGE)
    assert "train.weights names the origin 'sintetic'" in said and "synthetic, ui" in said


@pytest.mark.long
def test_a_teachers_translations_are_targets_only_where_they_are_asked_for(
    korpu, folder, monkeypatch
):
    for command in ("collect", "prepare", "train"):
        korpu(command)
    told = korpu(
        "evaluate", "synthesize=corpus", "direction=azj_Latn-uzn_Latn", "system=base", "side=tgt"
    )
    path = Path(told.split()[-1])
    rows = pl.read_parquet(path)
    human = splits(made(folder, "prepare", "smoke")[1])
    assert rows.height > 50 and set(rows["src"]) <= set(human["train"]["src"])
    assert set(rows["synthetic_side"]) == {"tgt"}

    monkeypatch.setenv("KORPU_SYNTHETIC", str(path))
    more = ["name=student", "base.steps=2", "base.select.origin=[ui]"]
    for command in ("collect", "prepare"):
        korpu(command, *more, sources="[synthetic,ui]")
    parts = splits(made(folder, "prepare", "student")[1])
    assert all(set(parts[name]["origin"]) == {"ui"} for name in ("dev", "test"))
    for name in ("dev", "test"):  # the translations have cost the test nothing
        assert set(parts[name]["src"]) == set(human[name]["src"])
    taught = parts["train"].filter(origin="synthetic").height
    assert taught > 0

    def learned(*settings):
        korpu("train", *more, *settings, sources="[synthetic,ui]")
        mixture = made(folder, "train", "student")[0]["mixture"]
        return {r["direction"]: r["examples"] for r in mixture if r["origin"] == "synthetic"}

    assert learned() == {"uzn_Latn-azj_Latn": taught}
    both = learned("train.synthetic_targets=[synthetic]")
    assert both == {"azj_Latn-uzn_Latn": taught, "uzn_Latn-azj_Latn": taught}
