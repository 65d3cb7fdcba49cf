"""The local registry when things go wrong: kills, races, full disks, wrong clocks, withdrawals."""

import itertools
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace

import disks
import pytest

from korpu import bundle as bundles
from korpu import published
from korpu.errors import Infrastructure, SaysNo, UsageError
from release import registries, registry
from release.registries import actions, interface
from tests.release.registry_work import KILLED, kills, make

REGISTRY = "release.registry"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "registry"


def filled(tmp_path, home, *versions):
    for version in versions:
        registry.publish(make(tmp_path / version, version, version), home)
    return home


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_publish_killed_at_any_step_is_invisible_and_run_again_it_is_whole(tmp_path, home):
    made = make(tmp_path / "made")
    filled(tmp_path, home, "0.9.0")
    before = tree(home / "demo" / "versions")
    with kills() as killer:
        code, steps = killer.call(REGISTRY, "publish", made, tmp_path / "count", count=True)
        assert code == 0
        seen = set()
        for step in itertools.count(1):
            shutil.rmtree(home / "demo" / "versions" / "1.0.0", ignore_errors=True)
            code, sentence = killer.call(REGISTRY, "publish", made, home, die=step)
            seen.add(code)
            versions = registry.versions(home, "demo")
            if versions == ["0.9.0"]:
                assert code == KILLED, (step, sentence)
                assert tree(home / "demo" / "versions") == before
                with pytest.raises(UsageError, match=r"has no 1\.0\.0"):
                    registry.resolve(home, "demo@1.0.0")
            else:
                bundles.verify(registry.resolve(home, "demo@1.0.0"))
            if code == 0:
                break
    assert seen == {KILLED, 0}
    assert step > int(steps) > 30  # it also sweeps up what the killed ones left
    assert not registry.publish(made, home).new
    assert not (home / "demo" / ".staging" / "1.0.0").exists()


def test_a_killed_publish_leaves_nothing_in_the_next_ones_way(tmp_path, home):
    with kills() as killer:
        made = make(tmp_path / "other", content="something else", files=7)
        assert killer.call(REGISTRY, "publish", made, home, die=30)[0] == KILLED
    assert list((home / "demo" / ".staging").rglob("part-*"))
    done = registry.publish(make(tmp_path / "made"), home)
    assert done.new
    bundles.verify(done.path)
    assert not list((home / "demo" / ".staging").iterdir())


def test_a_killed_gc_is_invisible_and_run_again_it_is_done(tmp_path, home):
    for version in ("1.0.0", "1.1.0"):
        registry.publish(make(tmp_path / version, version, files=1), home)
    registry.move_alias(home, "demo", "production", "1.1.0", None)
    with kills() as killer:
        shutil.copytree(home, tmp_path / "count")
        code, steps = killer.call(REGISTRY, "collect", tmp_path / "count", "demo", 1, count=True)
        assert code == 0
        for step in range(1, int(steps) + 1):
            case = tmp_path / f"at-{step}"
            shutil.copytree(home, case)
            assert killer.call(REGISTRY, "collect", case, "demo", 1, die=step)[0] == KILLED
            for version in registry.versions(case, "demo"):
                bundles.verify(registry.resolve(case, f"demo@{version}"))
            registry.collect(case, "demo", 1)
            assert registry.versions(case, "demo") == ["1.1.0"]
            assert not (case / "demo" / ".trash").exists()
            shutil.rmtree(case)
    assert int(steps) > 20


@pytest.mark.parametrize("action", ["move_alias", "yank"])
def test_a_killed_record_is_the_old_or_the_new(tmp_path, home, action):
    filled(tmp_path, home, "1.0.0", "1.1.0")
    registry.move_alias(home, "demo", "production", "1.0.0", None)
    words = {
        "move_alias": ("demo", "production", "1.1.0", "1.0.0"),
        "yank": ("demo", "1.1.0", "numbers are wrong"),
    }[action]
    ends = set()
    with kills() as killer:
        shutil.copytree(home, tmp_path / "count")
        _, steps = killer.call(REGISTRY, action, tmp_path / "count", *words, count=True)
        for step in range(1, int(steps) + 1):
            case = tmp_path / f"at-{step}"
            shutil.copytree(home, case)
            assert killer.call(REGISTRY, action, case, *words, die=step)[0] == KILLED
            aliases, gone = registry.aliases(case, "demo"), registry.withdrawn(case, "demo")
            ends.add((aliases["production"], *gone.items()))
            assert aliases.keys() == {"production"}
    changed = ("1.1.0",) if action == "move_alias" else ("1.0.0", ("1.1.0", "numbers are wrong"))
    assert ends == {("1.0.0",), changed}


def test_of_many_processes_that_move_an_alias_one_wins(tmp_path, home):
    versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]
    filled(tmp_path, home, *versions)
    registry.move_alias(home, "demo", "production", "1.0.0", None)
    with kills(count=3) as movers:
        for turn in range(5):
            before = registry.alias(home, "demo", "production")
            targets = [version for version in versions if version != before]
            for mover, target in zip(movers, targets, strict=True):
                mover.begin(REGISTRY, "move_alias", home, "demo", "production", target, before)
            ended = [mover.end() for mover in movers]
            assert sorted(code for code, _ in ended) == [0, 4, 4], (turn, ended)
            winner = targets[[code for code, _ in ended].index(0)]
            assert registry.alias(home, "demo", "production") == winner
            assert all(f"was moved to {winner}" in said for code, said in ended if code)


def test_a_yank_and_an_alias_for_the_same_version_do_not_both_succeed(tmp_path, home):
    filled(tmp_path, home, "1.0.0", "1.1.0")
    with kills(count=2) as (first, second):
        for turn in range(5):
            case = tmp_path / f"case-{turn}"
            shutil.copytree(home, case)
            first.begin(REGISTRY, "yank", case, "demo", "1.1.0", "bad")
            second.begin(REGISTRY, "move_alias", case, "demo", "candidate", "1.1.0", None)
            assert sorted([first.end()[0], second.end()[0]]) == [0, 1]
            is_yanked = "1.1.0" in registry.withdrawn(case, "demo")
            assert is_yanked != ("candidate" in registry.aliases(case, "demo"))


def test_a_withdrawn_version_is_refused_with_its_reason(tmp_path, home):
    filled(tmp_path, home, "1.0.0", "1.1.0")
    registry.move_alias(home, "demo", "production", "1.1.0", None)
    with pytest.raises(SaysNo, match=r"1\.1\.0 is production; move that first.*to=VERSION"):
        registry.yank(home, "demo", "1.1.0", "gʻ is lost")
    registry.move_alias(home, "demo", "production", "1.0.0", "1.1.0")
    registry.yank(home, "demo", "1.1.0", "gʻ is lost")
    registry.yank(home, "demo", "1.1.0", "gʻ is lost")  # the same once more changes nothing
    with pytest.raises(SaysNo, match="gʻ is lost; the record stays as it is"):
        registry.yank(home, "demo", "1.1.0", "another reason")
    with pytest.raises(SaysNo, match=r"demo 1\.1\.0 was withdrawn: gʻ is lost; use another"):
        registry.resolve(home, "demo@1.1.0")
    assert registry.resolve(home, "demo@1.1.0", force=True).name == "1.1.0"
    with pytest.raises(SaysNo, match=r"was withdrawn: gʻ is lost$"):
        registry.move_alias(home, "demo", "candidate", "1.1.0", None)
    with pytest.raises(SaysNo, match=r"was withdrawn.*raise release\.version"):
        registry.publish(make(tmp_path / "again", "1.1.0", "1.1.0"), home)
    bundles.verify(home / "demo" / "versions" / "1.1.0")  # the bundle itself is as it was
    record = json.loads((home / "demo" / "yanked" / "1.1.0.json").read_text("utf-8"))
    assert record.keys() == {"schema", "name", "version", "when", "reason"}
    for reason in ("", "  ", "two\nlines"):
        with pytest.raises(UsageError, match="a reason of one line"):
            registry.yank(home, "demo", "1.0.0", reason)
    with pytest.raises(UsageError, match="is not published"):
        registry.yank(home, "demo", "3.0.0", "bad")
    (home / "demo" / "yanked" / "1.0.0.json").write_text("{")
    with pytest.raises(SaysNo, match=r"its record .* is damaged"):
        registry.resolve(home, "demo@1.0.0")


def test_a_withdrawn_version_is_no_baseline(tmp_path, home):
    filled(tmp_path, home, "1.0.0", "1.1.0")
    assert published.evaluation(home, "registry:demo@1.0.0")[0] == "1.0.0"
    registry.yank(home, "demo", "1.0.0", "scored on a leaked test set")
    with pytest.raises(UsageError, match="was withdrawn: scored on a leaked test set"):
        published.evaluation(home, "registry:demo@1.0.0")


def test_a_remote_registry_is_no_place_of_a_baseline():
    with pytest.raises(UsageError, match=r"korpu release fetch=demo@production.*report\.json"):
        published.evaluation("s3://bucket/models", "registry:demo@production")


def test_gc_leaves_what_is_aliased_held_or_new(tmp_path, home):
    filled(tmp_path, home, *(f"1.{n}.0" for n in range(11)))
    registry.move_alias(home, "demo", "production", "1.2.0", None)
    registry.hold(home, "demo", "1.4.0", "api")
    registry.yank(home, "demo", "1.9.0", "bad")
    gone = registry.collect(home, "demo", 2)  # 1.10.0 is newer than 1.9.0, and 1.9.0 is no good
    assert gone == ["1.0.0", "1.1.0", "1.3.0", "1.5.0", "1.6.0", "1.7.0", "1.9.0"]
    assert registry.versions(home, "demo") == ["1.2.0", "1.4.0", "1.8.0", "1.10.0"]
    assert registry.withdrawn(home, "demo") == {"1.9.0": "bad"}
    registry.let_go(home, "demo", "1.4.0", "api")
    with pytest.raises(UsageError, match=r"api does not hold demo 1\.4\.0"):
        registry.let_go(home, "demo", "1.4.0", "api")
    assert registry.collect(home, "demo", 0) == ["1.4.0", "1.8.0", "1.10.0"]
    with pytest.raises(UsageError, match="is not published"):
        registry.collect(home, "nothing", 0)


def test_a_collected_version_comes_back_only_as_what_it_was(tmp_path, home):
    filled(tmp_path, home, "1.0.0", "1.1.0")
    assert registry.collect(home, "demo", 1) == ["1.0.0"]
    with pytest.raises(SaysNo, match="another content"):
        registry.publish(make(tmp_path / "other", "1.0.0", "other"), home)
    assert registry.publish(make(tmp_path / "same", "1.0.0", "1.0.0"), home).new


def test_wrong_clocks_decide_nothing(tmp_path, home, monkeypatch):
    """Every record and file of the newer versions is older by its time, by decades."""
    versions = ["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1"]
    for number, version in enumerate(versions):
        then = datetime(2060 - 20 * number, 1, 1, tzinfo=UTC)

        class Clock:
            @staticmethod
            def now(_, then=then):
                return then

        with monkeypatch.context() as patch:
            for module in (bundles, interface):
                patch.setattr(module, "datetime", Clock)
            registry.publish(make(tmp_path / version, version, version), home)
            registry.move_alias(home, "demo", "candidate", version, registry.alias(
                home, "demo", "candidate"))  # fmt: skip
        for path in (home / "demo").rglob("*"):
            if version in path.parts:
                os.utime(path, (then.timestamp(), then.timestamp()))
    created = [bundles.load(home / "demo" / "versions" / v)["created"][:4] for v in versions]
    assert created == ["2060", "2040", "2020", "2000"]
    assert registry.versions(home, "demo") == versions
    assert registry.resolve(home, "demo").name == "1.0.1"
    assert registry.collect(home, "demo", 2) == ["1.0.0-rc.2", "1.0.0-rc.10"]


def test_versions_are_ordered_as_semver_says():
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0", "10.0.0",
    ]  # fmt: skip
    assert sorted(set(ordered), key=interface.order) == ordered


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 kB, where one may be mounted."""
    with disks.small_disk(tmp_path / "disk", "200k") as disk:
        yield disk


def test_a_full_disk_shows_nothing_and_gives_its_room_back(tmp_path, small_disk):
    registry.publish(make(tmp_path / "fits"), small_disk)
    big = make(tmp_path / "big", "1.1.0", size=10_000)
    with kills() as killer:
        code, said = killer.call(REGISTRY, "publish", big, small_disk)
    assert (code, said) == (4, "No space left on device")
    assert registry.versions(small_disk, "demo") == ["1.0.0"]
    assert registry.publish(make(tmp_path / "also", "1.2.0"), small_disk).new
    subprocess.run(["mount", "-o", "remount,size=3m", str(small_disk)], check=True)
    assert registry.publish(big, small_disk).new


def test_the_actions(tmp_path, home, capsys):
    recipe = SimpleNamespace(release=SimpleNamespace(registry=str(home)))

    def said(action, value, **options):
        getattr(actions, f"{action}_action")(recipe, value, **options)
        return capsys.readouterr().out.splitlines()

    assert said("list", "all") == [f"{home} is empty"]
    filled(tmp_path, home, "1.0.0", "1.1.0", "1.2.0")
    assert said("list", "all") == ["demo"]
    assert said("alias", "demo@production", to="1.1.0") == [
        "demo@production is now 1.1.0, it was nothing"
    ]
    with pytest.raises(Infrastructure, match=r"was moved to 1\.1\.0"):
        said("alias", "demo@production", to="1.0.0", expected="none")
    assert said("alias", "demo@production", to="1.0.0", expected="1.1.0")
    assert said("yank", "demo@1.1.0", reason="bad") == ["demo 1.1.0 was withdrawn: bad"]
    assert said("hold", "demo@production", holder="api") == ["api holds demo 1.0.0"]
    assert said("list", "demo") == [
        "1.0.0         production, held by api",
        "1.1.0         withdrawn: bad",
        "1.2.0",
    ]
    assert said("gc", "demo", keep="1") == [
        "demo 1.1.0",
        "nothing was deleted; apply=true deletes these",
    ]
    assert said("gc", "demo", keep="1", apply="true") == ["deleted demo 1.1.0"]
    assert said("gc", "demo", keep="1", apply="true") == ["nothing to delete"]
    assert "1.1.0         withdrawn: bad, collected" in said("list", "demo")
    assert said("drop", "demo@1.0.0", holder="api") == ["api let demo 1.0.0 go"]
    assert said("alias", "demo@production", to="none") == [
        "demo@production is now nothing, it was 1.0.0"
    ]
    assert said("fetch", "demo@1.2.0") == [str(home / "demo" / "versions" / "1.2.0")]
    for action, value, options, sentence in (
        ("list", "dmo", {}, "no bundle 'dmo'.*it has demo"),
        ("alias", "demo", {"to": "1.0.0"}, "write it as alias=NAME@ALIAS"),
        ("alias", "demo@production", {}, "say what it shall stand for"),
        ("hold", "demo@1.0.0", {}, "say who holds it"),
        ("hold", "demo@1.0.0", {"holder": "a.b"}, "say who holds it"),
        ("gc", "demo", {"keep": "few"}, "keep is a number"),
        ("yank", "demo@1.0.0", {}, "a reason of one line"),
        ("yank", "demo@../..", {"reason": "bad"}, "must be a version"),
    ):
        with pytest.raises(UsageError, match=sentence):
            said(action, value, **options)


def test_what_names_no_registry():
    for value, sentence in (
        ("ftp://there/models", "ftp:// is unknown; use a folder, s3://"),
        ("s3://key:secret@bucket/models", r"s3://… holds a login; leave it out"),
        ("mlflow+https://me:secret@there", r"holds a login"),
        ("s3://", "names no place"),
    ):
        with pytest.raises(UsageError, match=sentence) as refused:
            registries.opened(value)
        assert "secret" not in str(refused.value)
