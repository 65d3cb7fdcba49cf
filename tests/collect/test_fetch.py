"""One request: its limits in size and time, and the addresses it may go to."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from typing import Any

import pytest

from data_prep.collect.site.addresses import allowed
from data_prep.collect.site.fetch import Client, Failed, decoded, retry_after
from tests.collect.conftest import Server, article


def test_retry_after_forms() -> None:
    assert retry_after("7") == 7
    assert retry_after("999999999999") == 120
    assert retry_after("Wed, 21 Oct 2099 07:28:00 GMT") == 120
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None


def test_a_bomb_is_never_unpacked() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(Failed, match="more than 1000"):
        decoded([packed], "gzip", 1000)


def test_the_time_limit_is_for_the_whole_request(server: Server) -> None:
    def slowly(_: int) -> Any:
        time.sleep(3)
        return article(1)

    server.pages["/slow"] = slowly
    client = Client("korpu/0", timeout=0.4, max_bytes=10_000, allow_private=True)
    began = time.monotonic()
    with pytest.raises(Failed) as caught:
        asyncio.run(client.get(f"{server.url}/slow"))

    assert caught.value.reason == "timeout"
    assert time.monotonic() - began < 1.5


def test_header_limits(server: Server) -> None:
    server.pages |= {
        "/many": (200, {f"X-{n}": "1" for n in range(400)}, article(1)),
        "/long": (200, {"X-Long": "y" * 90_000}, article(1)),
        "/longer": (200, {"X-Long": "y" * 900_000}, article(1)),
    }

    async def reason(path: str) -> str:
        client = Client("korpu/0", timeout=5, max_bytes=10_000, allow_private=True)
        with pytest.raises(Failed) as caught:
            await client.get(f"{server.url}{path}")
        await client.close()
        return caught.value.reason

    found = [asyncio.run(reason(path)) for path in server.pages]
    assert found == ["too_many_headers", "too_many_headers", "connection"]


def test_encodings_of_bodies() -> None:
    """Several gzip members, deflate without a header, and what is cut off."""
    text = article(1)
    members = gzip.compress(text[:100]) + gzip.compress(text[100:])
    assert decoded([members], "gzip", 10_000) == text
    assert decoded([members[n : n + 1] for n in range(len(members))], "x-gzip", 10_000) == text
    assert decoded([zlib.compress(text)], "deflate", 10_000) == text
    assert decoded([zlib.compress(text)[2:-4]], "deflate", 10_000) == text
    for broken, encoding in ((members[:-9], "gzip"), (b"no gzip", "gzip"), (text, "br")):
        with pytest.raises(Failed) as caught:
            decoded([broken], encoding, 10_000)
        assert caught.value.reason == "bad_encoding"


@pytest.mark.parametrize(
    ("address", "public", "own"),
    [
        ("93.184.216.34", True, True),
        ("127.0.0.1", False, True),
        ("10.1.2.3", False, True),
        ("::1", False, True),
        ("fd12::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("64:ff9b::a00:1", False, True),
        ("169.254.169.254", False, False),
        ("fd00:ec2::254", False, False),
        ("fe80::1%eth0", False, False),
        ("0.0.0.0", False, False),
        ("224.0.0.1", False, False),
        ("100.64.0.1", False, False),
        ("2606:4700::1111", True, True),
    ],
)
def test_addresses(address: str, public: bool, own: bool) -> None:
    assert allowed(address, allow_private=False) is public
    assert allowed(address, allow_private=True) is own
