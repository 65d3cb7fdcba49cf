"""The MLflow registry, against a real server with SQLite. Minutes: the server starts slowly."""

import json
import sys

import pytest

from korpu.errors import Infrastructure, SaysNo, UsageError
from release import registries
from release.registries import interface
from tests.release import contents, signatures
from tests.release.registry_work import free_port, make, server

pytestmark = pytest.mark.long
pytest.importorskip("mlflow", reason="the extra mlflow is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port, folder = free_port(), tmp_path_factory.mktemp("mlflow")
    words = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1",
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    with server(words, f"http://127.0.0.1:{port}/health", folder / "log", seconds=180):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def place(address, tmp_path, monkeypatch):
    monkeypatch.setenv("KORPU_CACHE", str(tmp_path / "cache"))
    return registries.opened(f"mlflow+{address}")


def test_what_is_published_is_fetched_and_stays(tmp_path, place):
    contents.stay(place, tmp_path)
    run = place.client.get_run(place._row("demo", "1.0.0").run_id)
    assert run.data.metrics == {"chrf_pp/news/azj_Latn-uzn_Latn": 51.5}


def test_aliases_and_withdrawals(tmp_path, place):
    for version in ("1.0.0", "1.1.0"):
        place.publish(make(tmp_path / version, version, name="second"))
    place.move_alias("second", "production", "1.1.0", None)
    with pytest.raises(Infrastructure, match=r"was moved to 1\.1\.0"):
        place.move_alias("second", "production", "1.0.0", None)
    with pytest.raises(SaysNo, match=r"is production; move that first"):
        place.yank("second", "1.1.0", "bad")
    place.move_alias("second", "production", "1.0.0", "1.1.0")
    assert place.aliases("second") == {"production": "1.0.0"}
    place.yank("second", "1.1.0", "gʻ is lost")
    with pytest.raises(SaysNo, match="gʻ is lost; the record stays"):
        place.yank("second", "1.1.0", "worse")
    with pytest.raises(SaysNo, match="was withdrawn: gʻ is lost"):
        interface.choose(place, "second@1.1.0")
    with pytest.raises(SaysNo, match="was withdrawn"):
        place.publish(make(tmp_path / "again", "1.1.0", name="second"))
    place.move_alias("second", "production", None, "1.0.0")
    assert place.aliases("second") == {}


def test_of_two_versions_made_at_once_the_first_is_it(tmp_path, place, monkeypatch):
    """Both looked before either was there; the second takes its own away."""
    numbered = type(place)._numbered
    place.publish(make(tmp_path / "first", name="race"))
    looks = iter([{}])
    monkeypatch.setattr(
        type(place), "_numbered", lambda self, name: next(looks, None) or numbered(self, name)
    )
    looks = iter([{"0.0.0": None}])  # what the second saw: not this version
    with pytest.raises(SaysNo, match="another content"):
        place.publish(make(tmp_path / "second", content="second", name="race"))
    monkeypatch.undo()
    assert len(place.client.search_model_versions("name='race'")) == 1


def test_files_that_changed_on_the_server(tmp_path, place, address, monkeypatch):
    monkeypatch.setenv("KORPU_CACHE", str(tmp_path / "cache"))
    made = make(tmp_path / "made", name="changed")
    place.publish(made)
    run = place._row("changed", "1.0.0").run_id
    (tmp_path / "part-01").write_text((made / "hf" / "part-01").read_text()[:-1] + "!")
    place.client.log_artifact(run, str(tmp_path / "part-01"), "bundle/hf")
    with pytest.raises(SaysNo, match="part-01 in the registry is not the file"):
        place.fetch("changed", "1.0.0")
    manifest = json.loads((made / "MANIFEST.json").read_text())
    (tmp_path / "MANIFEST.json").write_text(json.dumps({**manifest, "created": ""}))
    place.client.log_artifact(run, str(tmp_path / "MANIFEST.json"), "bundle")
    with pytest.raises(SaysNo, match=r"MANIFEST.json of changed .* is not the published one"):
        place.fetch("changed", "1.0.0")
    assert address in place.where


def test_a_server_that_is_down(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    place = registries.opened(f"mlflow+http://127.0.0.1:{free_port()}")
    with pytest.raises(Infrastructure, match="cannot be reached or failed"):
        place.versions("demo")


def test_what_it_does_not_keep(place):
    with pytest.raises(UsageError, match="keeps no locks"):
        place.hold("demo", "1.0.0", "api")
    with pytest.raises(UsageError, match="mlflow gc"):
        place.collect("demo", 1)


def test_signatures_travel(tmp_path, place, monkeypatch):
    pytest.importorskip("model_signing", reason="needs `pip install -e '.[sign]'`")
    signatures.travel(place, tmp_path, monkeypatch)
