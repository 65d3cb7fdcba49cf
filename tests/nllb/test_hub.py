"""Hub models: recorded at the first use and the same ever after, whatever `main` is by then."""

import json
import pickle
import shutil

import pytest
import torch

from korpu.artifact import sha256
from korpu.errors import Infrastructure, SaysNo, UsageError
from korpu.nllb import hub, loading, tokens

ONE, TWO = "0123456789abcdef0123456789abcdef01234567", "f" * 40


@pytest.fixture
def cache(whole, tmp_path, monkeypatch):
    """The hub's own cache on disk, with a repository at two commits; `main` is the first."""
    repository = tmp_path / "cache" / "models--korpu--tiny"
    for commit in (ONE, TWO):
        shutil.copytree(whole, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(ONE)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return repository


def pickled(directory):
    """The same repository as it was before safetensors."""
    torch.save(loading.load_model(directory).state_dict(), directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()


def test_the_first_use_records_the_commit_and_every_file(cache, tmp_path):
    found = hub.fetched("korpu/tiny", None, tmp_path / "models")
    assert (found.commit, found.directory) == (ONE, cache / "snapshots" / ONE)
    lock = json.loads((tmp_path / "models/korpu--tiny/lock.json").read_text("utf-8"))
    assert lock["revisions"] == {"main": ONE}
    files = lock["commits"][ONE]["files"]
    assert files == found.files
    assert files["model.safetensors"] == sha256(cache / "snapshots" / ONE / "model.safetensors")
    assert {"config.json", "tokenizer.json", "tokenizer_config.json"} < files.keys()
    assert loading.load_model(found.directory).config.d_model == 16
    assert tokens.load_tokenizer(found.directory).convert_tokens_to_ids("uzn_Latn") > 100


def test_main_stays_the_commit_it_was(cache, tmp_path):
    hub.fetched("korpu/tiny", None, tmp_path / "models")
    (cache / "refs" / "main").write_text(TWO)
    assert hub.fetched("korpu/tiny", None, tmp_path / "models").commit == ONE
    assert hub.fetched("korpu/tiny", TWO, tmp_path / "models").commit == TWO
    assert hub.fetched("korpu/tiny", None, tmp_path / "elsewhere").commit == TWO


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: (d / "config.json").open("a").write(" "), r"config\.json changed since"),
        (lambda d: (d / "tokenizer.json").unlink(), r"tokenizer\.json is gone since"),
        (lambda d: (d / "added_tokens.json").write_text("{}"), r"added_tokens\.json is new since"),
        (lambda d: flip(d / "model.safetensors"), r"model\.safetensors changed since"),
    ],
)
def test_a_file_that_is_not_the_recorded_one_is_refused(cache, tmp_path, spoil, sentence):
    hub.fetched("korpu/tiny", None, tmp_path / "models")
    spoil(cache / "snapshots" / ONE)
    with pytest.raises(SaysNo, match=f"{sentence} it was recorded in .*lock.json"):
        hub.fetched("korpu/tiny", None, tmp_path / "models")


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_pickled_weights_are_written_as_safetensors_once(cache, tmp_path):
    expected = loading.load_model(cache / "snapshots" / ONE).state_dict()
    pickled(cache / "snapshots" / ONE)
    found = hub.fetched("korpu/tiny", None, tmp_path / "models")
    assert found.directory == tmp_path / "models/korpu--tiny" / ONE
    assert "pytorch_model.bin" in found.files
    state = loading.load_model(found.directory).state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert tokens.load_tokenizer(found.directory).convert_tokens_to_ids("uzn_Latn") > 100

    weights = found.directory / "model.safetensors"
    written = weights.stat().st_mtime_ns
    assert hub.fetched("korpu/tiny", None, tmp_path / "models") == found
    assert weights.stat().st_mtime_ns == written
    flip(weights)
    with pytest.raises(SaysNo, match=r"model\.safetensors changed since"):
        hub.fetched("korpu/tiny", None, tmp_path / "models")


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_that_would_run_something_is_refused_and_does_not(cache, tmp_path):
    pickled(cache / "snapshots" / ONE)
    evil = pickle.dumps({"model.shared.weight": Payload(tmp_path / "ran")}, protocol=2)
    (cache / "snapshots" / ONE / "pytorch_model.bin").write_bytes(evil)
    with pytest.raises(UsageError, match="no model can be loaded"):
        hub.fetched("korpu/tiny", None, tmp_path / "models")
    assert not (tmp_path / "ran").exists()


def test_a_killed_conversion_is_made_again(cache, tmp_path):
    pickled(cache / "snapshots" / ONE)
    first = hub.fetched("korpu/tiny", None, tmp_path / "models").directory
    lock = tmp_path / "models/korpu--tiny/lock.json"
    value = json.loads(lock.read_text("utf-8"))
    value["commits"][ONE]["converted"] = {}
    lock.write_text(json.dumps(value))
    (first / "model.safetensors").write_bytes(b"half")
    (first.with_name(f"{ONE}.half")).mkdir()
    assert loading.load_model(hub.fetched("korpu/tiny", None, tmp_path / "models").directory)


@pytest.mark.usefixtures("cache")
def test_a_model_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="korpu/missing: no model can be found"):
        hub.fetched("korpu/missing", None, tmp_path / "models")
    with pytest.raises(UsageError, match="korpu/tiny: no model can be found"):
        hub.fetched("korpu/tiny", "a-branch", tmp_path / "models")


def test_a_download_that_is_not_whole_is_refused(cache, tmp_path):
    path = cache / "snapshots" / ONE / "model.safetensors"
    blob = cache / "blobs" / sha256(path)
    blob.parent.mkdir()
    blob.write_bytes(path.read_bytes()[:-1])
    path.unlink()
    path.symlink_to(blob)
    with pytest.raises(Infrastructure, match=r"model\.safetensors was not fetched whole"):
        hub.fetched("korpu/tiny", None, tmp_path / "models")
    assert not (tmp_path / "models/korpu--tiny/lock.json").exists()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1, "hub_id": "korpu/other"}'])
def test_a_lock_that_is_none_is_refused(tmp_path, text):
    folder = tmp_path / "models/korpu--tiny"
    folder.mkdir(parents=True)
    (folder / "lock.json").write_text(text)
    with pytest.raises(UsageError, match="is no lock of a hub model"):
        hub.fetched("korpu/tiny", None, tmp_path / "models")
