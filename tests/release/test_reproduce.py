"""What made a bundle: shown as a command that composes the very recipe."""

import dataclasses

import pytest
from hydra import compose, initialize_config_dir

from korpu import artifact, config
from korpu.errors import SaysNo, UsageError
from korpu.schema import Benchmark
from release import record, reproduce
from release.stage import run as release


def composed(words):
    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("pipeline", overrides=words))


def again(then, folder, paths=None):
    """The recipe of what `korpu reproduce` writes and says for a record."""
    values, gone = record.experiment(then, composed([]))
    values = record.with_files(values, paths or {})
    (folder / "experiment").mkdir(parents=True)
    (folder / "experiment" / "reproduced.yaml").write_text(reproduce._yaml(values), "utf-8")
    return composed(["experiment=reproduced", f"hydra.searchpath=[file://{folder}]", *gone])


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["experiment=smoke"],
        ["seed=7", "train.lr=1e-4", "name=other", "release.alias=null", "adapter=rslora"],
        ["train.directions=[azj_Latn-uzn_Latn]", "~source.site.korpu_az", "decode.beam=4"],
        ["release.licence_override={licence: CC-BY-4.0, reason: 'o\\'zi: \"A\"'}", "seed=3"],
    ],
)
def test_what_is_written_composes_the_recorded_recipe(words, tmp_path):
    then = record.recorded(composed([*words, "evaluate.slices=null"]))
    assert record.recorded(again(then, tmp_path / "a")) == then


def test_files_are_known_by_their_sha256(tmp_path):
    config.register()
    recipe = composed(["evaluate.slices=null"])
    paths = {}
    for name in ("az.txt", "uz.txt"):
        (tmp_path / name).write_text(f"{name}\n")
        paths[artifact.sha256(tmp_path / name)] = str(tmp_path / name)
    first, second = paths.values()
    mine = Benchmark(first, second, "azj_Latn", "uzn_Latn", None, "MIT")
    then = record.recorded(dataclasses.replace(recipe, benchmark={"mine": mine}))
    values, _ = record.experiment(then, composed([]))
    assert record.files(values) == list(paths)
    assert str(tmp_path) not in str(then) + str(values)
    one = record.with_files(values, {next(iter(paths)): first})
    assert record.files(one) == list(paths)[1:]
    assert record.recorded(again(then, tmp_path / "a", paths)) == then


def test_it_shows_the_chain_and_the_command(released, world, capsys):
    manifest = released.path / "MANIFEST.json"
    assert reproduce.main([f"manifest={manifest}"]) == 0
    said = capsys.readouterr().out
    for stage in ("base", "train", "evaluate", "gate", "prepare"):
        made = world.inputs[stage]
        assert f"  {stage:<9} key {made.key[:16]}  content {made.content[:16]}\n" in said
    assert "\nname: small\n" in said
    assert "parity_lines: 24" in said
    assert said.endswith("outputs/reproduced/recipe experiment=reproduced\n")
    assert str(released.path.parent) not in said


def test_what_it_refuses(released):
    for words, sentence in (
        (["manifest=/nowhere/MANIFEST.json"], "there is no bundle"),
        (["run=true"], "needs manifest="),
        ([f"manifest={released.path}", "run=yes"], "must be true or false"),
        (["manifesto=x"], "did you mean manifest="),
    ):
        with pytest.raises(UsageError, match=sentence):
            reproduce.main(words)


def test_another_bundle_than_the_published_one_is_told(
    recipe, world, released, tmp_path, monkeypatch, capsys
):
    """The stage itself stands in for the pipeline: the same inputs, or another decoding length."""
    parts = {"parity_lines": 24}

    def pipeline(command):
        where = next(word for word in command if word.startswith("release.registry="))
        own = dataclasses.replace(recipe.release, registry=where.partition("=")[2], **parts)
        out = tmp_path / f"out{parts['parity_lines']}"
        out.mkdir()
        release(dataclasses.replace(recipe, release=own), world.inputs, out)
        return 0

    monkeypatch.setattr(reproduce, "_call", pipeline)
    again = [f"manifest={released.path}", "run=true", f"out={tmp_path / 'a'}"]
    assert reproduce.main(again) == 0
    assert "the same bundle: content" in capsys.readouterr().out
    parts["parity_lines"] = 4  # fewer sentences in smoke.jsonl
    with pytest.raises(SaysNo, match=r"1 of \d+ files are others .* the first is smoke\.jsonl"):
        reproduce.main([f"manifest={released.path}", "run=true", f"out={tmp_path / 'b'}"])
    monkeypatch.setattr(reproduce, "_call", lambda _words: 4)
    with pytest.raises(SaysNo, match="ended with 4"):
        reproduce.main([f"manifest={released.path}", "run=true", f"out={tmp_path / 'c'}"])
