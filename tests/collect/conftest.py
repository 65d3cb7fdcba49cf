"""A real HTTP server whose pages a test writes, and recipes that crawl it."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from korpu.schema import Collect, Files, Site, Sources

AZ = (
    "Nazirlər Kabineti yeni qərar qəbul edib və sənəd bu gün dərc olunub.",
    "Bakıda gündüz havanın temperaturu iyirmi dərəcəyə qədər yüksələcək.",
    "Universitetin tələbələri beynəlxalq müsabiqədə birinci yeri tutublar.",
    "Mərkəzi Bank uçot dərəcəsini dəyişməz saxlamaq qərarına gəlib.",
    "Sərgidə yerli rəssamların yüzdən çox əsəri nümayiş etdirilir.",
)
UZ = (
    "Vazirlar Mahkamasi yangi qaror qabul qildi va hujjat bugun eʼlon qilindi.",
    "Toshkentda kunduzi havo harorati yigirma darajagacha koʻtariladi.",
    "Universitet talabalari xalqaro tanlovda birinchi oʻrinni egalladi.",
    "Markaziy bank asosiy stavkani oʻzgarishsiz qoldirish toʻgʻrisida qaror qildi.",
    "Koʻrgazmada mahalliy rassomlarning yuzdan ortiq asari namoyish etilmoqda.",
)
Reply = tuple[int, dict[str, str], bytes]


def article(number: int, sentences: tuple[str, ...] = AZ, head: str = "", links: str = "") -> bytes:
    """An article page; every number has a text of its own."""
    turned = sentences[number % 5 :] + sentences[: number % 5]
    body = "".join(f"<p>{line} ({number}.{i})</p>" for i, line in enumerate(turned))
    return (
        f"<!DOCTYPE html><html lang=az><head><title>Xəbər {number} – Sayt</title>{head}</head>"
        f"<body><nav><a href='/'>Ana səhifə</a></nav><article><h1>Xəbər {number}</h1>{body}"
        f"</article><footer>{links}</footer></body></html>"
    ).encode()


def html(links: str) -> bytes:
    """A page of links."""
    return f"<html><head><title>Siyahı</title></head><body>{links}</body></html>".encode()


def link_to(*paths: str) -> str:
    """Anchors."""
    return "".join(f"<a href='{path}'>x</a> " for path in paths)


@dataclass
class Server:
    """Pages by path; a page is bytes, a reply, or a function of the request's count so far."""

    url: str = ""
    pages: dict[str, bytes | Reply | Callable[[int], Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    times: list[tuple[float, str]] = field(default_factory=list)
    validates: bool = False  # sends ETags, and 304 to who sends one back
    unchanged: Counter[str] = field(default_factory=Counter)  # how often a path answered 304

    def reply(self, target: str) -> Any:
        """What a path answers."""
        self.asked[target] += 1
        found = self.pages.get(target)
        if callable(found):
            found = found(self.asked[target])
        if found is None:
            return 404, {"Content-Type": "text/plain"}, b"no"
        if isinstance(found, bytes):
            kind = "text/plain" if target == "/robots.txt" else "text/html; charset=utf-8"
            return 200, {"Content-Type": "text/xml" if ".xml" in target else kind}, found
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    site: Server

    def do_GET(self) -> None:
        import time

        self.site.times.append((time.monotonic(), self.path))
        found = self.site.reply(self.path)
        if found == "reset":
            self.close_connection = True
            return
        status, headers, body = found
        if status == 200 and self.site.validates:
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers = {**headers, "ETag": tag}
            if self.headers.get("If-None-Match") == tag:
                self.site.unchanged[self.path] += 1
                self.send_response(304)
                self.end_headers()
                return
        self.send_response(status)
        length = headers.pop("Content-Length", str(len(body))) if headers else str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body)
        if int(length) != len(body):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        return


class _Threads(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        return  # clients that are killed close their connections


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server with no pages."""
    site = Server()
    handler = type("Handler", (_Handler,), {"site": site})
    running = _Threads(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{running.server_address[1]}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    running.shutdown()
    running.server_close()
    thread.join()


def site_of(start: str | list[str], **changes: Any) -> Site:
    """A site of the test server."""
    settings: dict[str, Any] = {
        "start": [start] if isinstance(start, str) else start,
        "languages": {"/": "azj_Latn"},
        "timezone": "Asia/Baku",
        "licence": "CC0-1.0",
        "may_redistribute": True,
        "terms_checked": True,
        "allow_private": True,
        "delay": 0.0,
        "max_pages": 10_000,
    }
    return Site(**{**settings, **changes})


def recipe_of(
    sites: dict[str, Site] | None = None, files: dict[str, Files] | None = None, **changes: Any
) -> Any:
    """The sections of a recipe that `collect` reads."""
    settings: dict[str, Any] = {
        "snapshot": "2025-12-01",
        "user_agent": "korpu/0.1 (+test)",
        "timeout": 5.0,
        "retries": 2,
        "max_bytes": 200_000,
        "max_redirects": 5,
        "min_characters": 200,
        "revisit_days": 2,
        "fetch": True,
        "workers": 1,
    }
    collect = Collect(**{**settings, **changes})
    sources = Sources(
        site=sites or {}, warc={}, files=files or {}, hub={}, opus={}, corrections={}, shard=None
    )
    return SimpleNamespace(
        source=sources,
        collect=collect,
        newsroom=SimpleNamespace(serve=False),
        runtime=SimpleNamespace(outputs="no-outputs"),  # no earlier crawl is there
    )
