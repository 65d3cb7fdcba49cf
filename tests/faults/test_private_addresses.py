"""A public site cannot lead the crawl to an address behind it: not by a link, a redirect, a name.

Loopback stands in for the public internet here: 127.0.0.1 counts as public, 127.0.0.3 as private.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_prep.collect import run
from data_prep.collect.site import addresses
from korpu.errors import UsageError
from tests.collect.conftest import recipe_of, site_of
from tests.faults import hostile
from tests.faults.hostile import Host, Peer, article, links, page

PRIVATE = "127.0.0.3"
NAMES = {"news.test": ["127.0.0.1"]}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """Addresses by name, for a test to change while it runs."""
    known = dict(NAMES)
    real_allowed, real_look_up = addresses.allowed, socket.getaddrinfo

    def looked_up(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if not host.endswith(".test"):
            return list(real_look_up(host, port, *more, **named))
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]
        ]

    def allowed(address: str, allow_private: bool) -> bool:
        return address == "127.0.0.1" or real_allowed(address, allow_private)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(addresses, "allowed", allowed)
    yield known


def collect(host: Host, out: Path) -> tuple[set[str], dict[str, int], bool]:
    """(paths of the articles, why other pages gave none, whether the private server was asked)"""
    with hostile.serving([host]), closing(socket.socket()) as private:
        port = int(host.url.rpartition(":")[2])
        private.bind((PRIVATE, port))
        private.listen()
        private.setblocking(False)
        site = site_of(f"http://news.test:{port}/", allow_private=False)
        result = run(recipe_of({"news": site}, timeout=1.0, retries=0), {}, out)
        try:
            private.accept()[0].close()
            asked = True
        except BlockingIOError:
            asked = False
    rows = pq.read_table(out / "articles.parquet").to_pylist()
    found = {row["url"].partition(f":{port}")[2] for row in rows}
    left_out = dict(result.stats["sites"]["news"]["left_out"])
    left_out["no_text"] -= 1  # the front page
    return found, {reason: n for reason, n in left_out.items() if n}, asked


def front(make: Callable[[str], str]) -> hostile.Act:
    """A page of the links that are made from the host's port."""

    async def act(peer: Peer) -> None:
        await peer.answer(make(peer.base.rpartition(":")[2]).encode())

    return act


@pytest.mark.parametrize(
    "address",
    [PRIVATE, "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.3", "fd00:ec2::254", "0.0.0.0"],
)
def test_a_name_of_the_site_leads_to_a_private_address(
    tmp_path: Path, names: dict[str, list[str]], address: str
) -> None:
    """www. is the same site: its name is asked for, and refused for where it leads."""
    names["www.news.test"] = [address]

    def redirect(port: str) -> str:
        return links("/a", f"http://www.news.test:{port}/x", "/moved", "/b")

    async def moved(peer: Peer) -> None:
        target = f"http://www.news.test:{peer.base.rpartition(':')[2]}/y"
        await hostile.to(target)(peer)

    host = Host(acts={"/": front(redirect), "/moved": moved})
    host.acts |= {"/a": page(article(6100)), "/b": page(article(6101))}
    found, left_out, asked = collect(host, tmp_path)
    assert found == {"/a", "/b"}
    assert left_out.pop("redirected", 1) == 1
    assert left_out == {"address_refused": 2}
    assert not asked


def test_one_private_address_among_public_ones_is_enough(
    tmp_path: Path, names: dict[str, list[str]]
) -> None:
    names["www.news.test"] = ["127.0.0.1", PRIVATE]
    host = Host(acts={"/": front(lambda port: links("/a", f"http://www.news.test:{port}/x"))})
    host.acts |= {"/a": page(article(6110))}
    found, left_out, asked = collect(host, tmp_path)
    assert (found, left_out, asked) == ({"/a"}, {"address_refused": 1}, False)
    assert host.asked["/x"] == 0


def test_a_name_that_moves_inside_is_refused(tmp_path: Path, names: dict[str, list[str]]) -> None:
    """The name was public when the site was begun, and is private for the next connection."""

    async def flip(peer: Peer) -> None:
        names["news.test"] = [PRIVATE]
        await peer.answer(article(6121).encode(), "Connection: close")
        raise hostile.Closed

    host = Host(acts={"/": page(links("/a", "/flip", "/b")), "/a": page(article(6120))})
    host.acts |= {"/flip": flip, "/b": page(article(6122))}
    found, left_out, asked = collect(host, tmp_path)
    assert (found, left_out, asked) == ({"/a", "/flip"}, {"address_refused": 1}, False)
    assert host.asked["/b"] == 0


def test_addresses_in_other_spellings(tmp_path: Path) -> None:
    """What the system's resolver would take for 127.0.0.3 or the metadata service."""
    spellings = ("2130706435", "0x7f000003", "127.3", "0177.0.0.3", "[::ffff:7f00:3]", "[::1]")
    for number, host in enumerate([*spellings, "169.254.169.254", "[fd00:ec2::254]"]):
        site = site_of(f"http://{host}/", allow_private=False)
        out = tmp_path / str(number)
        out.mkdir()
        with pytest.raises(Exception) as caught:  # refused, or a name that does not resolve
            run(recipe_of({"news": site}, timeout=1.0, retries=0), {}, out)
        said = str(caught.value)
        assert isinstance(caught.value, UsageError) or "does not resolve" in said, (host, said)
