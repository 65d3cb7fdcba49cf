"""Nothing that a server says reaches a terminal or a log as anything but visible characters."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults import hostile, process
from tests.faults.hostile import Act, Host, article, links, page

ESCAPES = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\x9b31m\u202e[bold]loud[/bold]\x00\r"
HEADER = "\x1b]0;owned\x07\x1b[31mred\x9b31m[bold]loud[/bold]"


def host() -> Host:
    """A site that tries in every place it can write to."""
    title = ESCAPES.replace("\x00", "")
    acts: dict[str, Act] = {
        "/robots.txt": page(
            f"User-agent: *\nSitemap: /{HEADER}.xml\nSitemap: /map.xml\n", kind="text/plain"
        ),
        "/map.xml": page(f"<urlset><{HEADER}>\n<loc>{HEADER}</loc", kind="text/xml"),
        "/a": page(article(7000, title=title)),
        "/b": page(article(7001, head=f"<meta name=author content='{title}'>")),
        "/type": page(b"x", kind=f"text/{HEADER}"),
        "/encoding": page(b"x", f"Content-Encoding: {HEADER}"),
        "/status": hostile.raw(f"HTTP/1.1 500 {HEADER}\r\n\r\n".encode("latin-1")),
        "/no_status": hostile.raw(f"HTTP/1.1 {HEADER}\r\n\r\n".encode("latin-1")),
        "/banner": hostile.raw(HEADER.encode("latin-1")),
        "/to": hostile.to(f"http://{HEADER}/"),
        "/to_path": hostile.to(f"/{HEADER}"),
        "/header": page(article(7002), f"X-{'Title'}: {HEADER}", f"ETag: {HEADER}"),
        "/retry": hostile.status("503 Busy", f"Retry-After: {HEADER}"),
        "/chunk": hostile.raw(
            f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HEADER}\r\n".encode("latin-1")
        ),
    }
    front = links(*(path for path in acts if path != "/robots.txt"), f"/{ESCAPES}", f"/x?{ESCAPES}")
    return Host(
        acts={**acts, "/": page(f"<html><title>{title}</title><body>{front}</body></html>")}
    )


def harmless(seen: str) -> None:
    """No control character but the line feed, and nothing that changes the direction of text."""
    assert not re.search(r"[^\n\x20-\x7e\xa0-\u200d\u2010-\u2027\u2030-\uffff]", seen), repr(seen)
    assert "\x1b" not in seen


def test_a_log_has_visible_characters_only(tmp_path: Path) -> None:
    site = host()
    with hostile.serving([site]):
        done = process.collect(
            tmp_path, {"site": {"strange": {**process.SITE, "start": [f"{site.url}/"]}}}
        )
    assert done.returncode == 0, done.stderr
    assert "strange" in done.stderr
    harmless(done.stderr)
    harmless(done.stdout)
    titles = {row["title"] for row in process.rows(tmp_path, "articles")}
    assert len(process.rows(tmp_path, "articles")) >= 2
    assert all(title.isprintable() for title in titles), titles


def test_an_error_has_visible_characters_only(tmp_path: Path) -> None:
    """The server's words stand in the sentence that the command ends with."""
    site = host()
    site.acts["/robots.txt"] = hostile.raw(f"HTTP/1.1 {HEADER}\r\n\r\n".encode("latin-1"))
    with hostile.serving([site]):
        done = process.collect(
            tmp_path, {"site": {"strange": {**process.SITE, "start": [f"{site.url}/"]}}}
        )
    assert done.returncode == 4, done.stderr
    assert f"{site.url}/robots.txt" in done.stderr
    harmless(done.stderr)


def test_a_terminal_is_not_written_to_by_a_server(tmp_path: Path) -> None:
    """The progress display's own sequences are there; the server's are not."""
    site = host()
    with hostile.serving([site]):
        code, seen = process.on_a_terminal(
            tmp_path, {"site": {"strange": {**process.SITE, "start": [f"{site.url}/"]}}}
        )
    assert code == 0, seen
    assert b"\x1b]0;" not in seen
    assert b"\x1b[31mred" not in seen
    assert b"\x07" not in seen
    assert "\x9b".encode() not in seen
    assert "\u202e".encode() not in seen
