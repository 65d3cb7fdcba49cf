"""Both sites of the newsroom over real HTTP, and the command that serves them."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.newsroom.generate import Newsroom
from examples.newsroom.morphology import Language
from examples.newsroom.server import SIDES, Servers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def small() -> Newsroom:
    return Newsroom(seed=5, articles=90)


# ── the sites ───────────────────────────────────────────────────────────────────────────────────


class Client:
    """Requests over one kept connection per site."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.connections = {
            side: http.client.HTTPConnection("127.0.0.1", servers.port + offset, timeout=5)
            for offset, side in enumerate(SIDES)
        }

    def get(self, side: Language, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = self.connections[side]
        connection.request(
            "GET",
            path.removeprefix(self.servers.addresses[side]),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    def text(self, side: Language, path: str) -> str:
        status, _, body = self.get(side, path)
        assert status == 200, path
        return body.decode()


@pytest.fixture(scope="module")
def client(small: Newsroom) -> Iterator[Client]:
    servers = Servers(small, port=0)
    servers.start()
    yield Client(servers)
    servers.stop()


def locations(xml: str) -> list[str]:
    return re.findall(r"<loc>([^<]+)</loc>", xml)


def listed(client: Client, side: Language) -> list[str]:
    paths = []
    for url in locations(client.text(side, "/sitemap.xml")):
        body = client.get(side, url)[2]
        paths += locations((gzip.decompress(body) if url.endswith(".gz") else body).decode())
    return paths


@pytest.mark.parametrize(
    ("side", "forbidden"), [("az", ["/axtar/", "/admin/"]), ("uz", ["/qidiruv/", "/admin/"])]
)
def test_robots_and_traps(client: Client, side: Language, forbidden: list[str]) -> None:
    robots = client.text(side, "/robots.txt")
    for path in forbidden:
        assert f"Disallow: {path}\n" in robots
    assert f"Sitemap: {client.servers.addresses[side]}/sitemap.xml" in robots
    front = client.text(side, "/")
    calendar = re.findall(r'href="(/t\w+/\?ay=2025-12)"', front)[0]
    before = client.servers.requests["forbidden"]
    assert "ay=2026-01" in client.text(side, calendar)
    assert client.servers.requests["forbidden"] == before + 1
    assert f"Disallow: {calendar.partition('?')[0]}\n" in robots


def test_sitemaps_list_every_article(client: Client, small: Newsroom) -> None:
    for side in SIDES:
        index = locations(client.text(side, "/sitemap.xml"))
        assert sum(url.endswith(".gz") for url in index) == 1
        found = set(listed(client, side))
        base = client.servers.addresses[side]
        assert {base + page.path for page in small.articles if page.site == side} <= found


def test_articles_and_metadata(client: Client, small: Newsroom) -> None:
    dated: dict[int, str] = {0: "article:published_time", 1: "datePublished"}
    for page in small.articles:
        html = client.text(page.site, page.path)
        assert (
            f'<link rel="canonical" href="{client.servers.addresses[page.site]}{page.path}">'
            in html
        )
        assert ('hreflang="' in html) == page.hreflang
        for layout, mark in dated.items():
            assert (mark in html) == (page.layout == layout)
        if page.habit == "canonical":
            for part in page.paragraphs:
                assert all(unit.text in html for unit in part)
        section = page.path.removeprefix("/kr").split("/")[1]
        assert f'<meta property="article:section" content="{section}">' in html
        if page.habit == "cyrillic":
            assert 'lang="uz-Cyrl"' in html
    pair = next(e for e in small.events if len(e.articles) == 2 and e.articles["az"].hreflang)
    html = client.text("az", pair.articles["az"].path)
    other = client.servers.addresses["uz"] + pair.articles["uz"].path
    assert re.search(rf'hreflang="uz(-Cyrl)?" href="{re.escape(other)}"', html)


def test_lists_feed_and_redirects(client: Client) -> None:
    for side, section in zip(SIDES, ("idman", "sport"), strict=True):
        assert client.text(side, "/rss.xml").count("<item>") == 40
        assert 'class="cards"' in client.text(side, f"/{section}/")
    crawled, queue = set(), ["/", "/kr/"]
    while queue:
        path = queue.pop()
        if path in crawled or path.startswith(("/qidiruv", "/taqvim", "/admin")):
            continue
        crawled.add(path)
        status, headers, body = client.get("uz", path)
        if status == 301:
            assert headers["Location"].endswith(".html")
            queue.append(headers["Location"])
        elif body and "html" in headers["Content-Type"]:
            queue += re.findall(r'(?:href|src)="(/[^"]*)"', body.decode())
    missing = set(listed(client, "uz")) - {
        client.servers.addresses["uz"] + path for path in crawled
    }
    assert not missing  # every article can be reached by links alone
    assert any(path.startswith("/yangilik/") for path in crawled)


def test_unchanged_pages_are_not_sent_again(client: Client) -> None:
    path = listed(client, "az")[0]
    _, headers, body = client.get("az", path)
    status, again, empty = client.get("az", path, If_None_Match=headers["ETag"])
    assert (status, again["ETag"], empty) == (304, headers["ETag"], b"")
    assert client.get("az", path, If_None_Match='"other"')[2] == body


def test_broken_pages(client: Client) -> None:
    for side in SIDES:
        outcomes = []
        for url in listed(client, side):
            status, _, body = client.get(side, url)
            whole = body.rstrip().endswith(b"</html>")
            if status != 200 or not whole:
                outcomes.append((status, bool(body)))
        assert (
            sorted(outcomes)
            == [(200, False)] * 2 + [(200, True)] * 2 + [(404, True)] * 2 + [(500, True)] * 2
        )
    assert client.get("az", "/yoxdur")[0] == 404


# ── the command ─────────────────────────────────────────────────────────────────────────────────


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "examples.newsroom", *words]


def wait_for(path: Path, seconds: float = 10) -> dict[str, object]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists():
            data: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
            return data
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def test_occupied_port_is_one_sentence_and_4() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = subprocess.run(
            command("serve", "--port", str(port), "--articles", "5"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 4
    message = f"newsroom: port {port} is in use; stop what listens there or give --port\n"
    assert done.stderr == message


def test_serve_until_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        command("serve", "--port", "0", "--articles", "12", "--ready-file", str(ready)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        data = wait_for(ready)
        assert data["pid"] == process.pid
        host = str(data["uz"]).removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request("GET", "/robots.txt")
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=5)
        assert process.returncode == 0
        assert "1 requests, 0 against robots.txt" in output
    finally:
        process.kill()


@pytest.mark.parametrize("waited", [True, False])
def test_serve_stops_with_its_parent(tmp_path: Path, waited: bool) -> None:
    """Also where nobody has waited for it: it would hold the pipes that its starter reads."""
    ready = tmp_path / "ready.json"
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = subprocess.Popen(
        command(
            "serve",
            "--port",
            "0",
            "--articles",
            "12",
            "--ready-file",
            str(ready),
            "--parent",
            str(parent.pid),
        ),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(ready)
        parent.kill()
        if waited:
            parent.wait()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        parent.wait()


def test_truth_command_does_not_depend_on_hash_order(tmp_path: Path) -> None:
    rows = []
    for order in ("1", "2"):
        words = ("truth", "--out", str(tmp_path / order), "--seed", "5", "--articles", "60")
        done = subprocess.run(
            command(*words), cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": order},
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        assert "pairs" in done.stdout
        folder = tmp_path / order
        rows.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert rows[0] == rows[1]
    row = json.loads((tmp_path / "1" / "pairs.jsonl").read_text("utf-8").splitlines()[0])
    assert row["az_url"].startswith("http://127.0.0.1:8801/")
    assert row["uz_url"].startswith("http://127.0.0.1:8802/")
