"""Servers that break every rule: a fault costs a count by its reason, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import run
from tests.collect.conftest import recipe_of, site_of
from tests.faults import hostile
from tests.faults.hostile import HTML, MEGABYTE, Act, Host, Peer, article, links, page

HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\n".encode()
MOST = 2 * MEGABYTE  # bytes of a body in these runs
BODY = article(99).encode()


async def _continue(peer: Peer) -> None:
    while True:
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.01)


def _packed(body: bytes, encoding: str = "gzip", kind: str = HTML) -> Act:
    return page(body, f"Content-Encoding: {encoding}", kind=kind)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _charset(header: str, meta: str, codec: str, **codec_errors: str) -> Act:
    kind = f"text/html; charset={header}" if header else "text/html"
    head = f"<meta charset='{meta}'>" if meta else ""
    return page(article(99, head=head).encode(codec, **codec_errors), kind=kind)


@dataclass(frozen=True)
class Case:
    """What a page does, and what it is counted as; "" where it gives its article all the same."""

    act: Act
    reason: str


FAULTS = {
    # Connections
    "reset_before_headers": Case(hostile.reset_after(b""), "connection"),
    "reset_in_headers": Case(hostile.reset_after(HEAD[:30]), "connection"),
    "reset_in_body": Case(
        hostile.reset_after(HEAD + b"Content-Length: 9000\r\n\r\n" + BODY[:400]), "connection"
    ),
    "closed_without_answer": Case(hostile.raw(b""), "connection"),
    "closed_in_headers": Case(hostile.raw(HEAD), "connection"),
    # Lengths and chunks
    "length_too_large": Case(
        hostile.headers(f"Content-Type: {HTML}", "Content-Length: 99999"), "connection"
    ),
    "length_negative": Case(
        hostile.headers(f"Content-Type: {HTML}", "Content-Length: -1"), "connection"
    ),
    "length_is_no_number": Case(
        hostile.headers(f"Content-Type: {HTML}", "Content-Length: ten"), "connection"
    ),
    "two_lengths": Case(
        hostile.headers(f"Content-Type: {HTML}", "Content-Length: 9", "Content-Length: 10"),
        "connection",
    ),
    "chunks_cut_off": Case(
        hostile.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789"), "connection"
    ),
    "chunks_without_end": Case(
        hostile.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n<p>x\r\n"), "connection"
    ),
    "chunk_size_is_no_number": Case(
        hostile.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
        "connection",
    ),
    "chunk_size_negative": Case(
        hostile.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n"),
        "connection",
    ),
    "chunk_size_enormous": Case(
        hostile.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"),
        "connection",
    ),
    # What is no HTTP
    "http_0_9": Case(hostile.raw(BODY), "connection"),
    "ssh": Case(hostile.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "connection"),
    "tls_alert": Case(hostile.raw(b"\x15\x03\x01\x00\x02\x02\x16"), "connection"),
    "zeros": Case(hostile.raw(b"\0" * 5000), "connection"),
    "status_is_no_number": Case(hostile.raw(b"HTTP/1.1 abc OK\r\n\r\n"), "connection"),
    "status_999": Case(hostile.status("999 Request Denied"), "http_999"),
    "header_with_nul": Case(hostile.headers("X-Nul: a\0b", "Content-Length: 0"), "connection"),
    # Headers without an end
    "ten_thousand_headers": Case(
        hostile.headers(*(f"X-Header-{n}: {'v' * 20}" for n in range(10_000))), "connection"
    ),
    "header_of_a_megabyte": Case(hostile.headers("X: " + "v" * MEGABYTE), "connection"),
    "headers_without_end": Case(hostile.endless(HEAD, b"X-More: more\r\n" * 50), "connection"),
    # Silence
    "stall_before_headers": Case(hostile.stall_after(b""), "timeout"),
    "stall_in_headers": Case(hostile.stall_after(HEAD), "timeout"),
    "stall_in_body": Case(
        hostile.stall_after(HEAD + b"Content-Length: 9000\r\n\r\n" + BODY[:400]), "timeout"
    ),
    "headers_byte_by_byte": Case(hostile.drip(b"", b"HTTP/1.1 200 OK\r\nX: y", 0.1), "timeout"),
    "body_byte_by_byte": Case(hostile.drip(HEAD + b"\r\n", b"<p>", 0.1), "timeout"),
    "only_continue": Case(_continue, "timeout"),
    # Statuses
    "switching_protocols": Case(hostile.status("101 Switching Protocols"), "connection"),
    "no_content": Case(hostile.raw(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n"), "http_204"),
    "partial": Case(page(BODY, status="206 Partial Content"), "http_206"),
    "unasked_304": Case(hostile.raw(b"HTTP/1.1 304 No\r\nConnection: close\r\n\r\n"), "http_304"),
    "no_body": Case(page(b""), "empty"),
    "legal_reasons": Case(hostile.status("451 Unavailable"), "http_451"),
    "always_500": Case(hostile.status("500 Oops"), "http_500"),
    "always_429": Case(hostile.status("429 Slow", "Retry-After: 0"), "http_429"),
    "always_503_soon": Case(hostile.status("503 Busy", "Retry-After: soon"), "http_503"),
    "always_503_before": Case(hostile.status("503 Busy", "Retry-After: -5"), "http_503"),
    # Size
    "fifty_megabytes_told": Case(
        hostile.large(50 * MEGABYTE, f"Content-Length: {50 * MEGABYTE}"), "too_large"
    ),
    "fifty_megabytes_untold": Case(hostile.large(50 * MEGABYTE), "too_large"),
    "fifty_megabytes_in_chunks": Case(
        hostile.large(50 * MEGABYTE, "Transfer-Encoding: chunked", chunked=True), "too_large"
    ),
    "body_without_end": Case(hostile.endless(HEAD + b"\r\n", b"<p>a</p>" * 999), "too_large"),
    # Encodings
    "gzip_bomb": Case(_packed(hostile.bomb(1024 * MEGABYTE)), "too_large"),
    "deflate_bomb": Case(_packed(zlib.compress(b" " * 64 * MEGABYTE), "deflate"), "too_large"),
    "gzip_in_gzip_bomb": Case(
        _packed(gzip.compress(hostile.bomb(64 * MEGABYTE)), "gzip"), "too_large"
    ),
    "gzip_garbage": Case(_packed(b"\x1f\x8b\x08" + b"\xff" * 300), "bad_encoding"),
    "deflate_garbage": Case(_packed(b"\xff" * 300, "deflate"), "bad_encoding"),
    "gzip_cut_off": Case(_packed(gzip.compress(BODY)[:-40]), "bad_encoding"),
    "said_to_be_gzip": Case(_packed(BODY), "bad_encoding"),
    "brotli_unasked": Case(_packed(b"\x0b\x02\x80abc\x03", "br"), "bad_encoding"),
    "encoding_of_nobody": Case(_packed(BODY, "x-\x1b[31mred"), "bad_encoding"),
    "gzip_and_more": Case(_packed(gzip.compress(BODY) + b"\0" * 30), ""),
    "gzip_in_two_parts": Case(
        _packed(gzip.compress(BODY[:500]) + gzip.compress(BODY[500:])), ""
    ),
    "deflate_without_zlib": Case(_packed(_raw_deflate(BODY), "deflate"), ""),
    # Redirects
    "to_itself": Case(hostile.to("/bad"), "redirect_loop"),
    "to_a_file": Case(hostile.to("file:///etc/passwd"), "bad_redirect"),
    "to_ftp": Case(hostile.to("ftp://127.0.0.1/x"), "bad_redirect"),
    "to_javascript": Case(hostile.to("javascript:alert(1)"), "bad_redirect"),
    "to_a_broken_address": Case(hostile.to("http://[::1/x"), "bad_redirect"),
    "to_a_very_long_address": Case(hostile.to("/" + "x" * 4000), "bad_redirect"),
    "to_the_metadata": Case(hostile.to("http://169.254.169.254/latest/"), "redirect_offsite"),
    "to_another_port": Case(hostile.to("http://127.0.0.1:9/x"), "redirect_offsite"),
    "to_a_user": Case(hostile.to("http://user:word@127.0.0.1/x"), "bad_redirect"),
    "to_nowhere": Case(hostile.status("302 Found"), "http_302"),
    # Types and texts
    "image": Case(page(b"\x89PNG\r\n", kind="image/png"), "not_html"),
    "image_said_to_be_html": Case(page(b"\x89PNG\r\n\x1a\n" + b"\0\xff" * 500), "no_text"),
    "json": Case(page(b"{}", kind="application/json"), "not_html"),
    "type_with_escapes": Case(page(BODY, kind="text/\x1b[31mred"), "not_html"),
    "only_nuls": Case(page(b"\0" * 5000), "empty"),
    "only_open_tags": Case(page(b"<div>" * 100_000), "no_text"),
    "one_attribute": Case(page(b"<a href='" + b"x" * 1_000_000), "no_text"),
    "nuls_between": Case(page(BODY.replace(b" ", b"\0 ")), ""),
    "invalid_utf8": Case(page(BODY.replace(b"<p>", b"<p>\xff\xfe\xc3")), ""),
    "surrogates_in_utf8": Case(page(BODY.replace(b"<p>", b"<p>\xed\xa0\x80\xed\xb0\x80")), ""),
    "surrogates_as_references": Case(page(BODY.replace(b"<p>", b"<p>&#xD800;&#56320;&#0;")), ""),
    "half_a_surrogate_in_utf16": Case(
        page(
            b"\xff\xfe"
            + article(99).replace("<p>", "<p>\ud800").encode("utf-16-le", "surrogatepass"),
            kind="text/html",
        ),
        "",
    ),
    "said_to_be_koi8": Case(_charset("koi8-r", "koi8-r", "utf-8"), ""),
    "said_to_be_utf8_is_utf16": Case(_charset("utf-8", "", "utf-16"), ""),
    "said_in_page_only": Case(
        _charset("", "windows-1254", "cp1254", errors="xmlcharrefreplace"), ""
    ),
    "said_twice": Case(
        _charset("windows-1254", "koi8-r", "cp1254", errors="xmlcharrefreplace"), ""
    ),
    "charset_of_nobody": Case(_charset("x-none", "y-none", "utf-8"), ""),
    "charset_is_a_codec": Case(_charset("hex", "rot13", "utf-8"), ""),
    "charset_is_long": Case(_charset("x" * 3000, "y" * 3000, "utf-8"), ""),
    "charset_utf7": Case(_charset("utf-7", "utf-7", "utf-8"), ""),
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What a run over all the faults found."""

    hosts: dict[str, Host]
    stats: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]  # articles by source

    def paths(self, name: str) -> set[str]:
        """Paths of the articles of a source."""
        return {row["url"].removeprefix(self.hosts[name].url) for row in self.rows.get(name, [])}


def collect(hosts: dict[str, Host], out: Path, site: dict[str, Any] | None = None,
            **changes: Any) -> Seen:  # fmt: skip
    """Serve the hosts, each a source of its own, and collect them."""
    with hostile.serving(list(hosts.values())):
        out.mkdir(exist_ok=True)
        sites = {name: site_of(f"{host.url}/", **(site or {})) for name, host in hosts.items()}
        settings = {"timeout": 4.0, "retries": 0, "max_bytes": MOST, **changes}
        result = run(recipe_of(sites, **settings), {}, out)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in pq.read_table(out / "articles.parquet").to_pylist():
        rows.setdefault(row["site"], []).append(row)
    return Seen(hosts, result.stats["sites"], rows)


def host_of(number: int, bad: Act) -> Host:
    """A site of two articles with a bad page between them."""
    front = page(f"<html><body>{links('/a', '/bad', '/b')}</body></html>")
    first, second = (page(article(1000 + 2 * number + k)) for k in (0, 1))
    return Host(acts={"/": front, "/a": first, "/bad": bad, "/b": second})


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One run over a site for each fault."""
    hosts = {name: host_of(n, case.act) for n, (name, case) in enumerate(FAULTS.items())}
    return collect(hosts, tmp_path_factory.mktemp("faults") / "out")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_page(seen: Seen, name: str) -> None:
    reason = FAULTS[name].reason
    assert seen.paths(name) == ({"/a", "/b"} if reason else {"/a", "/b", "/bad"})
    left_out = dict(seen.stats[name]["left_out"])
    if reason == "no_text":
        left_out["no_text"] -= 1
    assert left_out.pop("no_text", 0) == 1  # the front page
    assert left_out == ({reason: 1} if reason and reason != "no_text" else {}), reason
    assert seen.stats[name]["waiting"] == 0
    assert seen.hosts[name].asked["/a"] == seen.hosts[name].asked["/b"] == 1


def test_no_text_is_broken(seen: Seen) -> None:
    """Whatever bytes came, texts and titles are Unicode that can be written and seen."""
    for row in (row for rows in seen.rows.values() for row in rows):
        for text in (row["title"], *row["text"].split("\n")):
            assert text.isprintable(), (row["site"], text)
            text.encode("utf-8")


READ_THE_SAME = (
    "gzip_in_two_parts",
    "deflate_without_zlib",
    "said_to_be_koi8",
    "said_to_be_utf8_is_utf16",
    "said_in_page_only",
    "said_twice",
    "charset_of_nobody",
    "charset_is_a_codec",
    "charset_is_long",
    "charset_utf7",
    "nuls_between",
)


def test_bytes_are_read_as_what_they_are(seen: Seen) -> None:
    """The same article comes out of every encoding that can hold it."""
    whole = {n: row["text"] for n, rows in seen.rows.items() for row in rows
             if row["url"].endswith("/bad")}  # fmt: skip
    expected = whole["gzip_and_more"]
    for name in READ_THE_SAME:
        assert whole[name] == expected, name
