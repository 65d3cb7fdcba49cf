"""The stage as a whole: what is published, that it is what was evaluated, and what is refused."""

import dataclasses
import json
import pickle
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from data_prep.text.canonical import canonical
from eval import decoding
from korpu import artifact
from korpu import bundle as bundles
from korpu.artifact import File, Result
from korpu.errors import SaysNo, UsageError
from korpu.nllb import ctranslate
from korpu.schema import LicenceOverride
from release import belonging, merge, parity, stage

CHECKOUT = Path(__file__).resolve().parents[2]
FORMATS = ("merged", "hf", "ct2-float32", "ct2-int8")


def with_release(recipe, **changes):
    return dataclasses.replace(recipe, release=dataclasses.replace(recipe.release, **changes))


def test_every_format_gives_what_was_evaluated(released):
    rows = {(row["format"], row["direction"]): row for row in released.parity["rows"]}
    directions = ("azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn")
    assert set(rows) == {(form, name) for form in FORMATS for name in directions}
    for (form, _), row in rows.items():
        assert row["n"] == 24
        if form != "ct2-int8":
            assert row["identical"] == 1.0
            assert abs(row["chrf_pp_difference"]) < 1e-9
        assert row["clean_process"] == (form != "merged")
    assert rows["ct2-int8", directions[0]]["compute_type"].startswith("int8")
    assert set(rows["ct2-float32", directions[0]]["versions"]) == {"ctranslate2", "tokenizers"}
    assert "ctranslate2" not in rows["hf", directions[0]]["versions"]
    assert released.parity["smoke_identical"]["ct2-float32"] == 1.0
    assert released.result.refused is None


def test_the_model_says_something_and_the_adapter_changed_it(recipe, world, released):
    from eval.load import load_system

    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    assert len({row["translation"] for row in rows}) > len(rows) / 2
    base = load_system("base", recipe, world.inputs, "cpu")
    texts = [row["text"] for row in rows if row["source"] == "azj_Latn"]
    adapted = [row["translation"] for row in rows if row["source"] == "azj_Latn"]
    assert base(texts, ("azj_Latn", "uzn_Latn")) != adapted


def test_an_adapter_begins_from_the_one_that_a_bundle_ships(recipe, world, released):
    from safetensors.torch import load_file

    from korpu.nllb import loading
    from train import adapter as adapters

    values = dataclasses.replace(recipe.adapter, r=8, alpha=16, start=str(released.path))
    base = loading.load_model(world.inputs["base"].directory / "model")
    adapted = adapters.attach(base, values)
    shipped = load_file(world.inputs["train"].directory / "adapter/adapter_model.safetensors")
    own = {n.replace(".default", ""): p for n, p in adapted.named_parameters() if "lora_" in n}
    assert own.keys() == shipped.keys()
    assert all((own[name] == shipped[name]).all() for name in own)


def test_what_is_published(recipe, released):
    files = {
        p.relative_to(released.path).as_posix() for p in released.path.rglob("*") if p.is_file()
    }
    ct2 = ("config.json", "model.bin", "shared_vocabulary.json", "tokenizer.json")
    hf = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json")
    assert files == {
        *("MANIFEST.json", "README.md", "provenance.json", "smoke.jsonl", "translation.json"),
        "sbom.cdx.json",
        *("eval/report.json", "eval/stats.npz"),
        *(f"hf/{name}" for name in (*hf, "tokenizer_config.json", "orthography.json")),
        *(f"adapter/{name}" for name in ("adapter_config.json", "adapter_model.safetensors")),
        *(f"ct2-{kind}/{name}" for kind in ("float32", "int8") for name in ct2),
    }
    home = Path(recipe.release.registry) / "small"
    assert released.path == home / "versions" / "0.1.0"
    assert (home / "aliases" / "candidate").read_text() == "0.1.0\n"
    assert not (home / ".staging").exists() or not list((home / ".staging").iterdir())
    made = json.loads((released.out / "bundle.json").read_text())
    manifest = bundles.verify(released.path)
    assert made == {
        "path": str(released.path),
        "name": "small",
        "version": "0.1.0",
        "sha256": manifest["content"],
        "alias": "candidate",
    }
    assert set(manifest["made_from"]) == {"corpus", "base", "train", "evaluate", "gate"}


def test_no_path_of_the_machine_and_no_training_text_ships(world, released):
    trained = {text for pair in world.pairs[:300] for text in pair}
    folders = [str(world.root), str(released.out)]
    for path in released.path.rglob("*"):
        if not path.is_file() or path.suffix == ".bin":
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        assert not [folder for folder in folders if folder in text], path
        if path.name in ("smoke.jsonl", "README.md", "provenance.json"):
            assert not [line for line in trained if f'"{line}"' in text], path
    weights = (released.path / "hf" / "model.safetensors").read_bytes()
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(weights)


def test_merged_is_the_adapter_within_float_tolerance_and_embeddings_stay_one(
    recipe, world, released
):
    import torch
    from safetensors import safe_open

    from korpu.nllb import loading, tokens

    model, tokenizer = merge.evaluated(recipe, world.inputs)
    rows = tokens.encode(tokenizer, ["hava gün yağış külək"], "azj_Latn")
    given = {"input_ids": torch.tensor(rows), "decoder_input_ids": torch.tensor([[2, 258, 7, 9]])}
    with torch.inference_mode():
        adapted = model(**given).logits
        with model.disable_adapter():
            base = model(**given).logits
        merged = merge.merge(model)(**given).logits
        saved = loading.load_model(released.path / "hf")(**given).logits
    assert (adapted - base).abs().max() > 0.1
    assert (adapted - merged).abs().max() < 1e-4
    assert torch.equal(merged, saved)
    with safe_open(released.path / "hf" / "model.safetensors", framework="numpy") as stored:
        tables = [n for n in stored.keys() if stored.get_slice(n).get_shape() == [260, 64]]  # noqa: SIM118
    assert tables == ["model.shared.weight"]


def test_no_target_language_is_a_silent_default(released):
    settings = json.loads((released.path / "hf" / "generation_config.json").read_text())
    assert "forced_bos_token_id" not in settings
    assert settings["max_new_tokens"] == 40
    assert "forced_bos_token_id" not in json.loads(
        (released.path / "hf" / "config.json").read_text()
    )


KILLED = """
import pickle, sys
from pathlib import Path
from korpu import artifact
recipe, folders, out = pickle.loads(Path(sys.argv[1]).read_bytes())
from release.stage import run
run(recipe, {name: artifact.load(Path(path)) for name, path in folders.items()}, Path(out))
"""


def test_killed_and_run_again_it_publishes_the_same(recipe, world, released, tmp_path):
    """A killed run continues; the same content under a published version is fine."""
    out = tmp_path / "out"
    out.mkdir()
    elsewhere = with_release(recipe, registry=str(tmp_path / "registry"))
    folders = {name: str(made.directory) for name, made in world.inputs.items()}
    (tmp_path / "job").write_bytes(pickle.dumps((elsewhere, folders, str(out))))
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "job")], cwd=CHECKOUT, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not (out / "work" / "bundle" / "ct2-float32").exists():
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not (tmp_path / "registry").exists()
    assert not (out / "parity.json").exists()
    kept = out / "work" / "bundle" / "hf" / "model.safetensors"
    written = kept.stat().st_mtime_ns
    (out / "work" / "bundle" / "README.md.tmp").write_text("half")

    before = (released.path / "MANIFEST.json").read_bytes()
    stage.run(recipe, world.inputs, out)  # the registry where it is published already
    assert kept.stat().st_mtime_ns == written
    assert (out / "parity.json").read_bytes() == (released.out / "parity.json").read_bytes()
    assert (out / "bundle.json").read_bytes() == (released.out / "bundle.json").read_bytes()
    assert (released.path / "MANIFEST.json").read_bytes() == before
    files = {p.name for p in (out / "work" / "bundle").iterdir()}
    assert "README.md.tmp" not in files


def test_parity_that_fails_publishes_nothing(recipe, world, tmp_path, monkeypatch):
    real = parity.elsewhere

    def wrong(bundle, formats, lines, threads):
        if formats == ["hf"]:
            found = {"hf": {"device": "cpu", "compute_type": "float32", "versions": {"torch": "2"}}}
            found["hf"]["pieces"] = [["bir" for _ in line.pieces] for line in lines]
            return found
        return real(bundle, formats, lines, threads)

    monkeypatch.setattr(parity, "elsewhere", wrong)
    changed = with_release(recipe, registry=str(tmp_path / "registry"), exports=[])
    (tmp_path / "out").mkdir()
    result = stage.run(changed, world.inputs, tmp_path / "out")
    assert result.refused.startswith("not published: hf gives 0.0% identical translations on azj")
    assert "chrF++ off the evaluated model" in result.refused
    assert "hf translates the smoke sentence" in result.refused
    assert [file.path for file in result.files] == ["parity.json"]
    assert not (tmp_path / "registry").exists()


def judged(recipe, world, tmp_path, **changes):
    inputs = dict(world.inputs)
    world.judge(recipe, inputs, tmp_path, **changes)
    return inputs


def test_report_and_gate_must_belong_to_this_model(recipe, world, tmp_path):
    assert belonging.check(recipe, judged(recipe, world, tmp_path))["scores"]
    refusals = {
        "the gate did not pass": {"passed": False},
        "judged the system 'base'": {"system": "base"},
        "the report of another adapter": {"model": {"adapter_key": "0"}},
        "decoded otherwise": {"decode": {**decoding.settings(recipe), "beam": 5}},
        "decoded in int8, which is another model": {
            "decode": {**decoding.settings(recipe), "compute_type": "int8"}
        },
    }
    for sentence, changes in refusals.items():
        with pytest.raises(SaysNo, match=sentence):
            belonging.check(recipe, judged(recipe, world, tmp_path, **changes))


def test_a_report_of_another_run_is_refused(recipe, world, tmp_path):
    inputs = judged(recipe, world, tmp_path)
    other = tmp_path / "train"
    shutil.copytree(world.inputs["train"].directory / "adapter", other / "adapter")
    before = [world.inputs["prepare"], world.inputs["base"]]
    same_files = world.commit("train", other, before, Result((File("adapter"),)))
    with pytest.raises(SaysNo, match="was made from another train than"):
        belonging.check(recipe, {**inputs, "train": same_files})
    manifest = dict(inputs["gate"].manifest)
    manifest["inputs"] = []
    artifact.write_json(inputs["gate"].directory / artifact.MANIFEST, manifest)
    gate = artifact.load(inputs["gate"].directory)
    with pytest.raises(SaysNo, match="does not say which evaluate it was made from"):
        belonging.check(recipe, {**inputs, "gate": gate})


def test_a_changed_adapter_is_refused(recipe, world, tmp_path):
    inputs = dict(world.inputs)
    there = tmp_path / "train"
    shutil.copytree(inputs["train"].directory, there)
    inputs["train"] = artifact.load(there)
    belonging.check(recipe, inputs)
    weights = there / "adapter" / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(SaysNo, match="adapter is not the file that was written"):
        belonging.check(recipe, inputs)


def test_a_licence_looser_than_the_base_or_data_is_refused(recipe, world, tmp_path):
    nllb = dataclasses.replace(
        recipe, model=dataclasses.replace(recipe.model, licence="CC-BY-NC-4.0")
    )
    changed = with_release(nllb, registry=str(tmp_path / "registry"), licence="MIT")
    with pytest.raises(SaysNo, match="MIT cannot be given: the base model tiny is under CC-BY-NC"):
        stage.run(changed, world.inputs, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_override_of_the_licence_is_shown(recipe, world, tmp_path):
    nllb = dataclasses.replace(
        recipe, model=dataclasses.replace(recipe.model, licence="CC-BY-NC-4.0")
    )
    reason = "Müəlliflər 2026-11-02 tarixində yazılı icazə verib."
    override = LicenceOverride("CC-BY-4.0", reason)
    registry_ = str(tmp_path / "registry")
    changed = with_release(
        nllb, registry=registry_, licence="CC-BY-4.0", licence_override=override, exports=[]
    )
    (tmp_path / "out").mkdir()
    assert stage.run(changed, world.inputs, tmp_path / "out").refused is None
    path = tmp_path / "registry" / "small" / "versions" / "0.1.0"
    expected = {
        "name": "CC-BY-4.0",
        "override": {
            "reason": reason,
            "of": "CC-BY-4.0",
            "looser_than": [{"what": "the base model tiny", "licence": "CC-BY-NC-4.0"}],
        },
    }
    assert bundles.verify(path)["licence"] == expected
    assert json.loads((path / "provenance.json").read_text("utf-8"))["licence"] == expected
    card = (path / "README.md").read_text("utf-8")
    assert f"The reason given: {reason}" in card
    assert "- the base model tiny: CC-BY-NC-4.0" in card
    assert json.loads((path / "translation.json").read_text("utf-8"))["licence"] == "CC-BY-4.0"


def test_a_benchmark_that_the_corpus_was_not_cleaned_of_is_refused(world, tmp_path):
    def with_benchmarks(name, stage_, files, counted):
        made = world.inputs[stage_]
        there = tmp_path / name / stage_
        shutil.copytree(made.directory, there)
        manifest = dict(made.manifest)
        manifest["config"] = {"benchmark": files}
        manifest["stats"] = {"benchmarks": counted}
        artifact.write_json(there / artifact.MANIFEST, manifest)
        return artifact.load(there)

    ours, other = {"ntrex": {"src": "aa"}}, {"ntrex": {"src": "bb"}}
    cases = (
        ("clean", ours, {"ntrex": "s"}, True),
        ("without", {}, {}, False),
        ("not counted", ours, {}, False),
        ("another file", other, {"ntrex": "s"}, False),
    )
    for name, cleaned, counted, fine in cases:
        evaluation = with_benchmarks(name, "evaluate", ours, {})
        prepared = with_benchmarks(name, "prepare", cleaned, counted)
        if fine:
            belonging._check_clean(evaluation, prepared)
            continue
        with pytest.raises(SaysNo, match="was not cleaned of the benchmark ntrex"):
            belonging._check_clean(evaluation, prepared)


def test_settings_that_cannot_be_are_refused_before_any_work(recipe, world, tmp_path, monkeypatch):
    for changes, sentence in (
        ({"name": "Ünlü/../x"}, "release.name cannot be"),
        ({"version": "1.0"}, "release.version must be a version"),
        ({"alias": "1.0.0"}, "release.alias cannot be"),
        ({"licence_override": LicenceOverride("MIT", None)}, "needs a licence and a reason"),
        ({"licence_override": LicenceOverride("MIT", " ")}, "needs a licence and a reason"),
        ({"parity_identical": {"float32": 1.0}}, r"release\.parity_identical\.int8 has no value"),
    ):
        with pytest.raises(UsageError, match=sentence):
            stage.run(with_release(recipe, **changes), world.inputs, tmp_path)
    monkeypatch.setattr(ctranslate.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install -e '\.\[export\]'"):
        stage.run(recipe, world.inputs, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_without_dev_sentences_is_refused(world, tmp_path):
    import polars as pl

    dev = world.inputs["prepare"].file("dev.parquet")
    pl.read_parquet(dev).head(0).write_parquet(tmp_path / "dev.parquet")
    with pytest.raises(SaysNo, match="has no sentence of azj_Latn-uzn_Latn"):
        parity.lines(tmp_path / "dev.parquet", ["azj_Latn-uzn_Latn"], 4, len, 40)


def test_clean_processes_are_given_what_the_decoder_reads(world, tmp_path):
    """They do not normalise: as typed, a line would be another one to them than here."""
    import polars as pl

    frame = pl.read_parquet(world.inputs["prepare"].file("dev.parquet")).head(1)
    typed = pl.lit("«Тошкент» шаҳри\tO`zbekiston")
    row = {"src_lang": pl.lit("uzn_Latn"), "tgt_lang": pl.lit("azj_Latn"), "src": typed}
    frame.with_columns(**row).write_parquet(tmp_path / "dev.parquet")
    (line,) = parity.lines(
        tmp_path / "dev.parquet", ["uzn_Latn-azj_Latn"], 4, lambda texts, _: [9] * len(texts), 40
    )
    assert line.pieces == (line.text,) == (canonical(line.text, "uzn_Latn"),)
    assert "Toshkent" in line.text


def test_the_worker_cannot_see_the_project(released):
    """Even where the project is on the path, as it is when it is installed."""
    source = (
        "import runpy, sys\n"
        "worker = runpy.run_path(sys.argv[1])\n"
        "worker['forbid'](worker['PROJECT'])\n"
        "sys.path += sys.argv[2:]\n"
        "import {}"
    )
    site = sysconfig.get_paths()["purelib"]
    for name, fails in (("korpu", True), ("release", True), ("tokenizers", False)):
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                source.format(name),
                str(parity.WORKER),
                site,
                str(CHECKOUT),
            ],
            capture_output=True,
            text=True,
        )
        assert (done.returncode != 0) == fails, done.stderr
    with pytest.raises(SaysNo, match="ct2-float16 of the bundle cannot be used without this proj"):
        parity.elsewhere(released.path, ["ct2-float16"], [], 1)
