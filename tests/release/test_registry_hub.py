"""The hub registry: the real client library against the process of a hub's own API."""

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from korpu import bundle as bundles
from korpu.errors import Infrastructure, SaysNo, UsageError
from release import registries
from release.registries import interface, records, repository, revisions
from tests.release import contents, registry_work, signatures
from tests.release.registry_work import KILLED, free_port, kills, server

OWNER, TOKEN = "newsroom", "hf_k0rpu_s3cret"
PLACE = f"hub://{OWNER}"
CLIENT = ("huggingface_hub.hf_api", "huggingface_hub.file_download", "huggingface_hub._commit_api")
CARD = "---\nlicense: cc0-1.0\ntags: [translation, korpu]\n---\n# {name} {version}\n"


def make(folder, version="1.0.0", content="weights", name="demo", **more):
    """A small bundle whose card says what it is; its larger files are large ones of the hub."""
    made = registry_work.make(folder, version, content, name=name, **{"size": 250, **more})
    (made / "README.md").write_text(CARD.format(name=name, version=version))
    bundles.seal(made, name, version, {})
    return made


class Server:
    """The process and what is asked of it beside a hub's own API."""

    def __init__(self, port):
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def control(self, what, data=None):
        body = json.dumps(data).encode()
        with urllib.request.urlopen(f"{self.address}/-/{what}", data=body) as answer:
            return json.load(answer)

    def faults(self, *faults):
        self.control("faults", faults)

    def requests(self):
        """What was asked since the last time."""
        return self.control("requests")


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    port = free_port()
    words = [sys.executable, "-m", "tests.release.hub_server", str(port), OWNER, TOKEN]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(registry_work.CHECKOUT))
        log = tmp_path_factory.mktemp("hub") / "log"
        with server(words, f"http://127.0.0.1:{port}/-/health", log):
            yield Server(port)


@pytest.fixture
def hub(process, tmp_path, monkeypatch):
    """An empty hub, and an environment that knows no other."""
    for name, value in {
        "HF_ENDPOINT": process.address,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "KORPU_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(repository, "WAITS", (0.0, 0.0, 0.0))
    process.control("new")
    process.requests()
    return process


@pytest.fixture
def place(hub):  # noqa: ARG001 - the hub it is at
    return registries.opened(PLACE)


def readers(monkeypatch):
    """The registry with a login that may only look."""
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}-read")
    return registries.opened(PLACE)


def shown(place, name="demo"):
    """The version whose card the hub's page shows."""
    card = place._repository(name).read("main", "README.md").decode()
    return card.split("---\n")[2].strip().removeprefix(f"# {name} ")


def test_what_is_published_is_fetched_and_stays(tmp_path, place):
    assert contents.stay(place, tmp_path, make) == f"{PLACE}/demo@1.0.0"


def test_the_root_of_a_tag_is_the_bundle_for_programs_that_know_only_the_hub(tmp_path, place):
    from huggingface_hub import HfApi, snapshot_download

    made = make(tmp_path / "made")
    place.publish(made)
    api = HfApi(endpoint=place.api.endpoint)
    assert api.model_info(f"{OWNER}/demo").private
    files = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    large = {
        row.path
        for row in api.list_repo_tree(f"{OWNER}/demo", revision="1.0.0", recursive=True)
        if getattr(row, "lfs", None)
    }
    assert large == {"hf/part-00", "hf/part-01", "hf/part-02"}
    found = snapshot_download(
        f"{OWNER}/demo", revision="1.0.0", endpoint=place.api.endpoint, cache_dir=tmp_path / "hub"
    )
    came = {p.relative_to(found).as_posix(): p for p in Path(found).rglob("*") if p.is_file()}
    assert came.keys() - files == {".gitattributes"}
    assert all(came[path].read_bytes() == (made / path).read_bytes() for path in files)


SERVICE = """
import sys
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

name, version, published = sys.argv[1:]
there = {"revision": version, "subfolder": "hf"}
model = AutoModelForSeq2SeqLM.from_pretrained(name, **there).state_dict()
weights = load_file(f"{published}/hf/model.safetensors")
assert weights and all(model[key].equal(value) for key, value in weights.items())
ours, theirs = AutoTokenizer.from_pretrained(f"{published}/hf"), AutoTokenizer.from_pretrained(
    name, **there
)
assert ours("hava yaxşı").input_ids == theirs("hava yaxşı").input_ids != []
print(snapshot_download(name, revision=version))
"""


def test_a_service_that_knows_only_the_hub_translates_as_published(place, released):
    """By `from_pretrained` with the version as revision, and from a snapshot with the contract."""
    place.publish(released.path)
    words = [f"{OWNER}/small", "0.1.0", str(released.path)]
    done = subprocess.run([sys.executable, "-c", SERVICE, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    snapshot = Path(done.stdout.splitlines()[-1])
    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["source"] == "azj_Latn"]
    program = registry_work.CHECKOUT / "examples" / "consumers" / "transformers_only.py"
    done = subprocess.run(
        [sys.executable, program, snapshot, "azj_Latn", "uzn_Latn"],
        input="".join(f"{row['text']}\n" for row in rows), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [row["translation"] for row in rows] != []
    assert place.names() == ["small"]  # by the tag of the card that was made for it


def test_main_shows_what_a_bare_name_stands_for(tmp_path, place):
    place.publish(make(tmp_path / "1.0.0", "1.0.0", "first", files=4))
    place.publish(make(tmp_path / "2.0.0", "2.0.0", "second"))
    assert shown(place) == "2.0.0"
    place.publish(make(tmp_path / "1.0.1", "1.0.1", "third"))
    assert shown(place) == "2.0.0"  # a repair of an older line is not the newest
    place.move_alias("demo", "candidate", "1.0.1", None)
    assert shown(place) == "1.0.1"
    place.move_alias("demo", "production", "1.0.0", None)
    assert interface.choose(place, "demo") == ("demo", shown(place)) == ("demo", "1.0.0")
    there = place._repository("demo")
    refs = there.refs()
    assert there.files(refs.branches["main"]) == there.files(refs.tags["1.0.0"])
    place.move_alias("demo", "production", None, "1.0.0")
    place.move_alias("demo", "candidate", None, "1.0.1")
    place.yank("demo", "2.0.0", "bad")
    assert shown(place) == "1.0.1"  # and not what was withdrawn


def test_a_publish_killed_at_any_request_is_invisible_and_run_again_it_is_whole(
    tmp_path, hub, place
):
    made = make(tmp_path / "made", files=1)
    words = [{"registry": PLACE}, made]
    with kills(*CLIENT) as killer:
        code, steps = killer.call("method", "publish", *words, count=True, at="requests")
        assert code == 0, steps
        hub.control("new")
        seen, invisible = [], 0
        for step in range(1, int(steps) + 1):
            code, _ = killer.call("method", "publish", *words, die=step, at="requests")
            seen.append(code)
            if place.versions("demo"):
                bundles.verify(place.fetch("demo", "1.0.0"))
                assert not place.publish(made).new
                assert shown(place) == "1.0.0"
                hub.control("new")
            else:
                invisible += 1
                assert place.names() == []  # no page shows it
                with pytest.raises(UsageError, match="there is no bundle 'demo'"):
                    interface.choose(place, "demo@1.0.0")
            if code == 0:
                break  # it found what the killed ones had sent
    assert int(steps) > 30  # each of some twenty requests, before and after it
    assert set(seen) <= {KILLED, 0}
    assert invisible > 20
    place.publish(made)
    bundles.verify(place.fetch("demo", "1.0.0"))
    assert place._repository("demo").refs().branches.keys() == {"main"}


def test_of_two_publishers_one_wins(tmp_path, hub, place):
    both = [make(tmp_path / content, content=content) for content in ("first", "second")]
    with kills(*CLIENT, count=2) as publishers:
        for _ in range(2):
            for publisher, made in zip(publishers, both, strict=True):
                publisher.begin("method", "publish", {"registry": PLACE}, made)
            ended = [publisher.end() for publisher in publishers]
            assert sorted(code for code, _ in ended) == [0, SaysNo.exit_code], ended
            won = both[[code for code, _ in ended].index(0)]
            found = place.fetch("demo", "1.0.0")
            assert bundles.verify(found) == json.loads((won / "MANIFEST.json").read_text())
            hub.control("new")


def test_aliases_move_by_compare_and_swap(tmp_path, place):
    versions = ["1.0.0", "1.1.0", "1.2.0"]
    for version in versions:
        place.publish(make(tmp_path / version, version, version))
    place.move_alias("demo", "production", "1.0.0", None)
    with kills(*CLIENT, count=2) as movers:
        for _ in range(2):
            before = place.aliases("demo")["production"]
            targets = [version for version in versions if version != before]
            for mover, target in zip(movers, targets, strict=True):
                words = ({"registry": PLACE}, "demo", "production", target, before)
                mover.begin("method", "move_alias", *words)
            ended = [mover.end() for mover in movers]
            assert sorted(code for code, _ in ended) == [0, Infrastructure.exit_code], ended
            now = targets[[code for code, _ in ended].index(0)]
            assert place.aliases("demo")["production"] == now == shown(place)
    place.move_alias("demo", "production", None, now)
    assert place.aliases("demo") == {}
    place.move_alias("demo", "production", "1.2.0", None)
    with pytest.raises(Infrastructure, match=r"was moved to 1\.2\.0 by another publisher"):
        place.move_alias("demo", "production", "1.0.0", "1.1.0")
    with pytest.raises(UsageError, match=r"demo 3\.0\.0 is not published"):
        place.move_alias("demo", "production", "3.0.0", "1.2.0")


def test_a_change_that_comes_between_look_and_commit_is_seen(tmp_path, place, monkeypatch):
    """The hub refuses the commit, since its parent is not the newest; then one looks again."""
    for version in ("1.0.0", "1.1.0"):
        place.publish(make(tmp_path / version, version))
    place.move_alias("demo", "production", "1.0.0", None)
    write, others = records.write, []

    def first_another(repository, state, message):
        if others:
            monkeypatch.setattr(records, "write", write)
            others.pop()()
        return write(repository, state, message)

    def meanwhile(act):
        others.append(act)
        monkeypatch.setattr(records, "write", first_another)

    meanwhile(lambda: place.hold("demo", "1.0.0", "api"))  # nothing that concerns it
    place.move_alias("demo", "production", "1.1.0", "1.0.0")
    assert (place.aliases("demo"), place.locks("demo")) == (
        {"production": "1.1.0"},
        {"1.0.0.api": "1.0.0"},
    )
    meanwhile(lambda: place.move_alias("demo", "production", "1.0.0", "1.1.0"))
    with pytest.raises(Infrastructure, match=r"was moved to 1\.0\.0 by another publisher"):
        place.move_alias("demo", "production", None, "1.1.0")
    meanwhile(lambda: place.move_alias("demo", "candidate", "1.1.0", None))
    with pytest.raises(SaysNo, match=r"1\.1\.0 is candidate; move that first"):
        place.yank("demo", "1.1.0", "bad")
    place.move_alias("demo", "candidate", None, "1.1.0")
    meanwhile(lambda: place.hold("demo", "1.1.0", "api"))
    assert place.collect("demo", 0) == []


def test_withdrawals_locks_and_gc(tmp_path, hub, place):
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.10.0"):
        place.publish(make(tmp_path / version, version, version))
    place.move_alias("demo", "production", "1.1.0", None)
    with pytest.raises(SaysNo, match=r"1\.1\.0 is production; move that first"):
        place.yank("demo", "1.1.0", "bad")
    place.yank("demo", "1.2.0", "gʻ is lost")
    place.yank("demo", "1.2.0", "gʻ is lost")
    with pytest.raises(SaysNo, match="gʻ is lost; the record stays as it is"):
        place.yank("demo", "1.2.0", "worse")
    with pytest.raises(SaysNo, match=r"1\.2\.0 was withdrawn: gʻ is lost"):
        interface.choose(place, "demo@1.2.0")
    assert interface.choose(place, "demo@1.2.0", force=True) == ("demo", "1.2.0")
    with pytest.raises(SaysNo, match="was withdrawn: gʻ is lost"):
        place.move_alias("demo", "candidate", "1.2.0", None)
    with pytest.raises(SaysNo, match=r"was withdrawn.*raise release\.version"):
        place.publish(make(tmp_path / "again", "1.2.0", "1.2.0"))
    place.hold("demo", "1.0.0", "api")
    assert place.locks("demo") == {"1.0.0.api": "1.0.0"}
    there = place._repository("demo")
    there.branch("publish-9.9.9-0123456789ab", there.refs().branches["main"])  # of a killed one
    hub.faults({"on": "DELETE .*/tag/", "do": "403"})  # a gc that comes no further
    with pytest.raises(UsageError, match="403"):
        place.collect("demo", 1)
    assert place.versions("demo") == ["1.0.0", "1.1.0", "1.10.0"]
    assert "1.2.0" in there.refs().tags
    assert place.collect("demo", 1) == []  # nothing new, and it is done to the end
    assert place.withdrawn("demo") == {"1.2.0": "gʻ is lost"}
    assert there.refs().tags.keys() == {"1.0.0", "1.1.0", "1.10.0"}
    assert there.refs().branches.keys() == {"main", "korpu-records"}
    place.let_go("demo", "1.0.0", "api")
    assert place.collect("demo", 1) == ["1.0.0"]
    with pytest.raises(SaysNo, match="was collected; raise"):
        place.publish(make(tmp_path / "back", "1.0.0", "1.0.0"))
    with pytest.raises(UsageError, match="api does not hold"):
        place.let_go("demo", "1.0.0", "api")
    with pytest.raises(UsageError, match="nothing is not published"):
        place.collect("nothing", 1)


@pytest.mark.parametrize("fault", ["500", "lose", "drop"])
@pytest.mark.parametrize("on", ["/refs", "create", "/commit/publish", "/tag/", "/commit/main"])
def test_a_request_that_fails_once_is_sent_again(tmp_path, hub, place, on, fault):
    hub.faults({"on": on, "do": fault})
    assert place.publish(make(tmp_path / "made")).new
    assert shown(place) == "1.0.0"
    hub.faults({"on": "/commit/korpu-records", "do": fault})
    place.move_alias("demo", "production", "1.0.0", None)
    assert place.aliases("demo") == {"production": "1.0.0"}


def test_a_version_collected_while_it_is_published_again_is_refused(tmp_path, place, monkeypatch):
    made, send = make(tmp_path / "late"), revisions.send

    def first_others(*words):
        monkeypatch.setattr(revisions, "send", send)
        place.publish(make(tmp_path / "early"))
        place.publish(make(tmp_path / "next", "1.1.0"))
        assert place.collect("demo", 1) == ["1.0.0"]
        return send(*words)

    monkeypatch.setattr(revisions, "send", first_others)
    with pytest.raises(SaysNo, match="was collected; raise"):
        place.publish(made)
    assert place.versions("demo") == ["1.1.0"]


def test_a_hub_that_goes_down_half_way_exits_4_and_a_rerun_completes(tmp_path, hub, place):
    made = make(tmp_path / "made", files=6)
    hub.faults({"on": "POST .*/commit/", "do": "drop", "times": -1})
    with pytest.raises(Infrastructure, match=r"cannot be reached or broke off.*run it again"):
        place.publish(made)
    hub.faults({"on": "", "do": "drop", "times": -1})
    with pytest.raises(Infrastructure):
        place.versions("demo")
    hub.faults({"on": "", "do": "503", "times": -1})
    with pytest.raises(Infrastructure, match=r"failed \(503\)"):
        place.versions("demo")
    hub.faults()
    assert place.versions("demo") == []
    sent = [line for line in hub.requests() if line.startswith("PUT /large")]
    assert len(sent) == 6
    assert place.publish(made).new
    assert not [line for line in hub.requests() if line.startswith("PUT /large")]
    bundles.verify(place.fetch("demo", "1.0.0"))


def test_a_download_that_breaks_goes_on_where_it_was(tmp_path, hub, place):
    place.publish(make(tmp_path / "made", files=4))
    hub.faults({"on": "GET /large", "do": "cut"})
    bundles.verify(place.fetch("demo", "1.0.0"))
    shutil.rmtree(tmp_path / "cache")
    hub.faults({"on": "GET /large", "do": "500", "skip": 2, "times": -1})
    with pytest.raises(Infrastructure, match=r"failed \(500\)"):
        place.fetch("demo", "1.0.0")
    assert not list((tmp_path / "cache").rglob("MANIFEST.json"))
    hub.faults()
    hub.requests()
    bundles.verify(place.fetch("demo", "1.0.0"))
    assert len([line for line in hub.requests() if line.startswith("GET /large")]) == 2


def test_a_download_killed_at_any_request_goes_on(tmp_path, place):
    made = make(tmp_path / "made", files=2)
    place.publish(made)
    words = [{"registry": PLACE}, "demo", "1.0.0"]
    with kills(*CLIENT) as killer:
        code, steps = killer.call("method", "fetch", *words, count=True, at="requests")
        assert code == 0, steps
        for step in range(1, int(steps) + 1):
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)
            code, _ = killer.call("method", "fetch", *words, die=step, at="requests")
            assert code == KILLED
            found = place.fetch("demo", "1.0.0")
            came = {path.relative_to(found) for path in found.rglob("*")}
            assert came == {path.relative_to(made) for path in made.rglob("*")}


def test_a_damaged_copy_is_fetched_again_and_a_damaged_file_refused(tmp_path, place, capfd):
    place.publish(make(tmp_path / "made"))
    found = place.fetch("demo", "1.0.0")
    (found / "hf" / "part-01").write_text("mine")
    assert place.fetch("demo", "1.0.0") == found
    assert "part-01 is not the file that was published" in capfd.readouterr().err
    bundles.verify(found)
    shutil.rmtree(tmp_path / "cache")
    there = place._repository("demo")
    there.drop_tag("1.0.0")  # whoever may write can put another commit in its place
    data = (tmp_path / "made" / "hf" / "part-01").read_bytes()[:-1] + b"!"
    there.commit("main", there.refs().branches["main"], "other", add={"hf/part-01": data})
    there.tag("1.0.0", there.refs().branches["main"])
    with pytest.raises(SaysNo, match="part-01 in the registry is not the file that was published"):
        place.fetch("demo", "1.0.0")
    there.tag("2.0.0", there.refs().branches["main"])
    with pytest.raises(SaysNo, match=r"the registry's demo 2\.0\.0 is demo 1\.0\.0"):
        place.fetch("demo", "2.0.0")


def test_records_that_are_damaged(tmp_path, place):
    place.publish(make(tmp_path / "made"))
    place.hold("demo", "1.0.0", "api")
    there = place._repository("demo")
    for data in (b"{", b"[]", b'{"aliases": {}}'):
        head = there.refs().branches["korpu-records"]
        there.commit("korpu-records", head, "bad", add={"records.json": data})
        with pytest.raises(
            SaysNo, match=r"records\.json on the branch korpu-records .* is damaged"
        ):
            place.versions("demo")


def test_logins_and_what_they_may_do(tmp_path, hub, place, monkeypatch, capfd):
    made = make(tmp_path / "made")
    place.publish(made)
    place.yank("demo", "1.0.0", "bad")
    files = there_files(place)
    assert TOKEN.encode() not in files
    look = readers(monkeypatch)
    bundles.verify(look.fetch("demo", "1.0.0"))
    with pytest.raises(UsageError, match=r"not open to this login \(403\).*HF_TOKEN"):
        look.publish(make(tmp_path / "other", name="other"))
    with pytest.raises(UsageError, match=r"\(403\)"):
        look.hold("demo", "1.0.0", "api")
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(UsageError, match=r"\(401\); correct hub://OWNER, or set HF_TOKEN"):
        registries.opened(PLACE).fetch("demo", "1.0.0")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UsageError, match=r"newsroom/demo is not there, or is not open"):
        registries.opened(PLACE).versions("demo")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(UsageError, match=r"\(403\)"):
        registries.opened("hub://others").publish(made)
    with pytest.raises(UsageError, match=r"there is no bundle 'nothing'.*there are demo"):
        interface.choose(place, "nothing@1.0.0")
    with pytest.raises(UsageError, match="takes no repository named 'a--b'"):
        place.versions("a--b")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Infrastructure, match="cannot be reached") as refused:
        registries.opened(PLACE).versions("demo")
    monkeypatch.setenv("HF_ENDPOINT", f"http://me:hush@127.0.0.1:{free_port()}")
    with pytest.raises(Infrastructure, match=r"http://127\.0\.0\.1.*cannot be reached") as hushed:
        registries.opened(PLACE).versions("demo")
    assert "hush" not in str(hushed.value)
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="HF_HUB_OFFLINE is set; unset it"):
        place.versions("demo")
    assert TOKEN not in str(refused.value) + "".join(capfd.readouterr())
    for value in ("hub://a/b", "hub://a--b", "hub://-"):
        with pytest.raises(UsageError, match=r"is no user or organisation; write hub://OWNER"):
            registries.opened(value)


def there_files(place):
    there = place._repository("demo")
    refs = there.refs()
    commits = [*refs.branches.values(), *refs.tags.values()]
    return b"".join(there.read(c, path) for c in commits for path in there.files(c))


def test_signatures_travel(tmp_path, place, monkeypatch):
    pytest.importorskip("model_signing", reason="needs `pip install -e '.[sign]'`")
    signatures.travel(place, tmp_path, monkeypatch)
