"""The S3 registry, against the process of a real server (moto's)."""

import dataclasses
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import runs
from safetensors.numpy import save_file

from korpu import bundle as bundles
from korpu.errors import Infrastructure, SaysNo, UsageError
from release import registries, registry, stage
from release.registries import interface
from tests.release import contents, signatures
from tests.release.registry_work import KILLED, Wire, free_port, kills, make, server

pytest.importorskip("boto3", reason="the extra s3 is not installed")
pytest.importorskip("moto.server", reason="moto's server is not installed")
BUCKET = "models"
PLACE = f"s3://{BUCKET}/team/az-uz"
SECRET = "k0rpu-s3cret"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    port = free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("moto") / "log"
    with server(words, f"http://127.0.0.1:{port}/moto-api/", log):
        yield port


def at(monkeypatch, port):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")


@pytest.fixture
def place(port, tmp_path, monkeypatch):
    """A new bucket's registry."""
    import boto3

    for name, value in {
        "AWS_ACCESS_KEY_ID": "korpu",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "KORPU_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    at(monkeypatch, port)
    client = boto3.client("s3", region_name="us-east-1")
    try:
        found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        for row in found:
            client.delete_object(Bucket=BUCKET, Key=row["Key"])
    except client.exceptions.NoSuchBucket:
        client.create_bucket(Bucket=BUCKET)
    return registries.opened(PLACE)


@pytest.fixture
def wire(port, place, monkeypatch):  # noqa: ARG001 - the bucket
    """A relay before the server; the registry is reached through it."""
    relay = Wire(port)
    at(monkeypatch, relay.port)
    yield relay
    relay.close()


def clear(place, name="demo"):
    place.objects.delete(place.objects.keys(f"{name}/"))


def test_what_is_published_is_fetched_and_stays(tmp_path, place):
    assert contents.stay(place, tmp_path) == f"{PLACE}/demo/versions/1.0.0"


def test_a_large_file_goes_up_in_parts(tmp_path, place, monkeypatch):
    from release.registries import objects

    monkeypatch.setattr(objects, "PART", 5 << 20)
    made = make(tmp_path / "a", size=1)
    (made / "adapter").mkdir(exist_ok=True)
    weights = np.frombuffer(os.urandom(11 << 20), dtype=np.uint8)
    save_file({"weights": weights}, made / "adapter" / "adapter_model.safetensors")
    manifest = registry.bundles.seal(made, "demo", "1.0.0", {})
    place.publish(made)
    digest = manifest["files"]["adapter/adapter_model.safetensors"]["sha256"]
    key = f"{place.objects.prefix}demo/versions/1.0.0/objects/{digest}"
    tag = place.objects.client.head_object(Bucket=BUCKET, Key=key)["ETag"]
    assert tag.strip('"').endswith("-3")
    bundles.verify(place.fetch("demo", "1.0.0"))


def test_a_publish_killed_at_any_request_is_invisible_and_run_again_it_is_whole(tmp_path, place):
    made = make(tmp_path / "made", files=1)
    words = [{"registry": PLACE}, made]
    with kills("boto3", "boto3.s3.transfer") as killer:
        code, steps = killer.call("method", "publish", *words, count=True)
        assert code == 0
        clear(place)
        seen = []
        for step in range(1, int(steps) + 1):
            seen.append(killer.call("method", "publish", *words, die=step)[0])
            if place.versions("demo"):
                bundles.verify(place.fetch("demo", "1.0.0"))
                clear(place)
            else:
                with pytest.raises(UsageError, match="there is no bundle 'demo'"):
                    interface.choose(place, "demo@1.0.0")
            if seen[-1] == 0:
                break  # it found the files that the killed ones had put
    assert int(steps) > 15
    assert set(seen) <= {KILLED, 0}
    assert KILLED in seen
    place.publish(made)
    bundles.verify(place.fetch("demo", "1.0.0"))


def test_of_two_publishers_one_wins(tmp_path, place):
    both = [make(tmp_path / content, content=content) for content in ("first", "second")]
    with kills("boto3", "boto3.s3.transfer", count=2) as publishers:
        for _ in range(2):
            for publisher, made in zip(publishers, both, strict=True):
                publisher.begin("method", "publish", {"registry": PLACE}, made)
            ended = [publisher.end() for publisher in publishers]
            assert sorted(code for code, _ in ended) == [0, SaysNo.exit_code], ended
            found = place.fetch("demo", "1.0.0")
            won = both[[code for code, _ in ended].index(0)]
            assert bundles.verify(found) == json.loads((won / "MANIFEST.json").read_text())
            clear(place)


def test_aliases_move_by_compare_and_swap(tmp_path, place):
    versions = ["1.0.0", "1.1.0", "1.2.0"]
    for version in versions:
        place.publish(make(tmp_path / version, version, version))
    place.move_alias("demo", "production", "1.0.0", None)
    with kills("boto3", count=2) as movers:
        for _ in range(2):
            before = place.aliases("demo")["production"]
            targets = [version for version in versions if version != before]
            for mover, target in zip(movers, targets, strict=True):
                words = ({"registry": PLACE}, "demo", "production", target, before)
                mover.begin("method", "move_alias", *words)
            ended = [mover.end() for mover in movers]
            assert sorted(code for code, _ in ended) == [0, Infrastructure.exit_code], ended
            assert place.aliases("demo")["production"] == targets[[c for c, _ in ended].index(0)]
    now = place.aliases("demo")["production"]
    place.move_alias("demo", "production", None, now)
    assert place.aliases("demo") == {}
    place.move_alias("demo", "production", "1.2.0", None)
    assert interface.choose(place, "demo") == ("demo", "1.2.0")
    with pytest.raises(Infrastructure, match=r"was moved to 1\.2\.0 by another publisher"):
        place.move_alias("demo", "production", "1.0.0", "1.1.0")


def test_an_alias_lost_between_look_and_write(tmp_path, place, monkeypatch):
    """The store itself refuses the write: what was read is not there any more."""
    for version in ("1.0.0", "1.1.0"):
        place.publish(make(tmp_path / version, version))
    place.move_alias("demo", "production", "1.0.0", None)
    seen = place._alias("demo", "production")
    place.move_alias("demo", "production", "1.1.0", "1.0.0")
    looks = iter([seen])
    real = type(place)._alias
    monkeypatch.setattr(
        type(place), "_alias", lambda self, *words: next(looks, None) or real(self, *words)
    )
    with pytest.raises(Infrastructure, match=r"was moved to 1\.1\.0"):
        place.move_alias("demo", "production", "1.0.0", "1.0.0")


def test_withdrawals_locks_and_gc(tmp_path, place):
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.10.0"):
        place.publish(make(tmp_path / version, version, version))
    place.move_alias("demo", "production", "1.1.0", None)
    with pytest.raises(SaysNo, match=r"1\.1\.0 is production; move that first"):
        place.yank("demo", "1.1.0", "bad")
    place.yank("demo", "1.2.0", "bad")
    with pytest.raises(SaysNo, match="bad; the record stays as it is"):
        place.yank("demo", "1.2.0", "worse")
    with pytest.raises(SaysNo, match=r"1\.2\.0 was withdrawn: bad"):
        interface.choose(place, "demo@1.2.0")
    assert interface.choose(place, "demo@1.2.0", force=True) == ("demo", "1.2.0")
    with pytest.raises(SaysNo, match="was withdrawn: bad"):
        place.move_alias("demo", "candidate", "1.2.0", None)
    place.hold("demo", "1.0.0", "api")
    assert place.locks("demo") == {"1.0.0.api": "1.0.0"}
    assert place.collect("demo", 1) == ["1.2.0"]
    assert not place.objects.keys("demo/versions/1.2.0/")
    place.let_go("demo", "1.0.0", "api")
    assert place.collect("demo", 1) == ["1.0.0"]
    assert place.versions("demo") == ["1.1.0", "1.10.0"]
    with pytest.raises(SaysNo, match="was collected; raise"):
        place.publish(make(tmp_path / "again", "1.0.0", "1.0.0"))
    with pytest.raises(UsageError, match="api does not hold"):
        place.let_go("demo", "1.0.0", "api")


def test_a_gc_and_a_holder_see_each_other(tmp_path, place, monkeypatch):
    for version in ("1.0.0", "1.1.0"):
        place.publish(make(tmp_path / version, version))
    put = type(place.objects).put

    def held_meanwhile(self, key, *words, **named):
        if "/collected/" in key:
            put(self, "demo/locks/1.0.0.api", b"{}")
        return put(self, key, *words, **named)

    with monkeypatch.context() as patch:
        patch.setattr(type(place.objects), "put", held_meanwhile)
        assert place.collect("demo", 1) == []
    bundles.verify(place.fetch("demo", "1.0.0"))
    place.let_go("demo", "1.0.0", "api")
    put(place.objects, "demo/collected/1.0.0.json", b"{}")  # a gc that has come so far
    for act in (
        lambda: place.hold("demo", "1.0.0", "api"),
        lambda: place.move_alias("demo", "production", "1.0.0", None),
    ):
        with pytest.raises(SaysNo, match="is being collected"):
            act()
    assert place.locks("demo") == place.aliases("demo") == {}


def test_a_server_that_goes_down_half_way_exits_4_and_a_rerun_completes(tmp_path, wire):
    place = registries.opened(PLACE)
    made = make(tmp_path / "made", files=6, size=2000)
    wire.up = 60_000
    with pytest.raises(Infrastructure, match=r"cannot be reached or broke off.*run it again"):
        place.publish(made)
    with pytest.raises(Infrastructure):
        place.versions("demo")
    wire.mend()
    assert place.versions("demo") == []
    put = place.objects.keys("demo/")
    assert 0 < len(put) < 10
    wire.up = 10_000_000
    assert registries.opened(PLACE).publish(made).new
    spent = 10_000_000 - wire.up
    whole = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    assert spent < whole  # what had arrived was not sent again
    bundles.verify(place.fetch("demo", "1.0.0"))


def test_a_truncated_download_is_fetched_again(tmp_path, wire, capfd):
    place = registries.opened(PLACE)
    made = make(tmp_path / "made", size=3000)
    place.publish(made)
    wire.down, wire.once = 40_000, True
    found = registries.opened(PLACE).fetch("demo", "1.0.0")
    assert wire.cuts == 1
    assert "bytes; fetching it again" in capfd.readouterr().err
    bundles.verify(found)

    shutil.rmtree(tmp_path / "cache")
    wire.down, wire.once = 40_000, False
    with pytest.raises(Infrastructure):
        registries.opened(PLACE).fetch("demo", "1.0.0")
    assert not list((tmp_path / "cache").rglob("MANIFEST.json"))
    wire.mend()
    whole = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    wire.down = 10_000_000
    bundles.verify(registries.opened(PLACE).fetch("demo", "1.0.0"))
    assert 10_000_000 - wire.down < whole  # it went on where it was


def test_a_damaged_copy_is_fetched_again_and_a_damaged_object_refused(tmp_path, place, capfd):
    made = make(tmp_path / "made")
    place.publish(made)
    found = place.fetch("demo", "1.0.0")
    (found / "hf" / "part-01").write_text("mine")
    assert place.fetch("demo", "1.0.0") == found
    assert "part-01 is not the file that was published" in capfd.readouterr().err
    bundles.verify(found)
    shutil.rmtree(tmp_path / "cache")
    for key in place.objects.keys("demo/versions/1.0.0/objects/"):
        data = place.objects.get(key)[0]
        place.objects.put(key, data[:-1] + b"!")
    with pytest.raises(SaysNo, match="is not the file that was published; do not use it"):
        place.fetch("demo", "1.0.0")


@pytest.mark.parametrize(
    "path", ["../evil", "/etc/evil", "a/../../evil", "a//b", "", "hf/.x", "MANIFEST.json"]
)
def test_a_manifest_that_leads_out_of_its_folder(tmp_path, place, path):
    place.publish(make(tmp_path / "made"))
    manifest = json.loads(place._there("demo", "1.0.0"))
    manifest["files"][path] = {"sha256": "0" * 64, "bytes": 1}
    place.objects.put("demo/versions/1.0.0/MANIFEST.json", json.dumps(manifest).encode())
    with pytest.raises(SaysNo, match=r"which no (bundle holds|manifest does); do not use it"):
        place.fetch("demo", "1.0.0")


def test_logins_are_never_told(tmp_path, place, monkeypatch, capfd):
    made = make(tmp_path / "made")
    place.publish(made)
    place.yank("demo", "1.0.0", "bad")
    stored = b"".join(place.objects.get(key)[0] for key in place.objects.keys(""))
    assert SECRET.encode() not in stored
    at(monkeypatch, free_port())  # nobody there
    with pytest.raises(Infrastructure) as refused:
        registries.opened(PLACE).versions("demo")
    assert SECRET not in str(refused.value) + "".join(capfd.readouterr())
    with pytest.raises(UsageError, match="there is no bucket"):
        at(monkeypatch, place.objects.client.meta.endpoint_url.rpartition(":")[2])
        registries.opened("s3://nobodys/x").names()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="needs a login; set AWS_ACCESS_KEY_ID"):
        registries.opened(PLACE).names()


def test_a_real_model_is_published_there_and_translates_from_there(place, recipe, world, tmp_path):
    values = dataclasses.replace(recipe.release, registry=PLACE, exports=["float32"])
    done = stage.run(dataclasses.replace(recipe, release=values), world.inputs, tmp_path / "out")
    assert done.refused is None
    assert place.aliases("small") == {"candidate": "0.1.0"}

    fetched = runs.run("release", f"release.registry={PLACE}", "fetch=small@candidate")
    assert fetched.returncode == 0, fetched.stderr
    lines = (Path(fetched.stdout.strip()) / "smoke.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["source"] == "azj_Latn"]
    (tmp_path / "lines.az").write_text("".join(f"{row['text']}\n" for row in rows), "utf-8")
    words = ["bundle=small@candidate", f"registry={PLACE}", "backend=ct2-float32"]
    told = runs.run("translate", *words, "from=az", "to=uz", f"file={tmp_path / 'lines.az'}")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [row["translation"] for row in rows]


def test_signatures_travel(tmp_path, place, monkeypatch):
    pytest.importorskip("model_signing", reason="needs `pip install -e '.[sign]'`")
    signatures.travel(place, tmp_path, monkeypatch)
