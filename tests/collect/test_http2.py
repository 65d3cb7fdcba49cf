"""HTTP/2 over TLS, against a server that speaks it: what it offers, its limits, its good-byes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest

from data_prep.collect.site.fetch import Answer, Client, Failed
from tests.collect.conftest import article

Headers = list[tuple[str, str]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [*command.split(), "-keyout", key, "-out", cert, "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


class Server:
    """Answers every stream by path; counts connections."""

    def __init__(self, answers: dict[str, Callable[[], tuple[Headers, bytes]]]) -> None:
        self.answers, self.url = answers, ""
        self.connections, self.asked = 0, list[str]()
        self.leave_after = 0  # streams after which a connection says good-bye; 0: never

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        writer.write(state.data_to_send())
        rest: dict[int, bytes] = {}
        streams = 0
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        streams += 1
                        assert event.headers is not None
                        path = dict(event.headers)[b":path"].decode()
                        self.asked.append(path)
                        headers, body = self.answers[path]()
                        assert event.stream_id is not None
                        state.send_headers(event.stream_id, [(":status", "200"), *headers])
                        rest[event.stream_id] = body
                    elif isinstance(event, h2.events.StreamReset):
                        rest.pop(event.stream_id or 0, None)
                for stream, body in list(rest.items()):
                    while body and (room := state.local_flow_control_window(stream)):
                        size = min(room, state.max_outbound_frame_size)
                        state.send_data(stream, body[:size])
                        body = body[size:]
                    rest[stream] = body
                    if not body:
                        state.end_stream(stream)
                        del rest[stream]
                        if streams == self.leave_after:
                            state.close_connection()
                writer.write(state.data_to_send())
                await writer.drain()
                if self.leave_after and streams == self.leave_after:
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(server: Server, certificate: tuple[Path, Path]) -> AsyncIterator[Client]:
    """The server while it runs, and a client that trusts it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["h2"])
    running = await asyncio.start_server(server.talk, "127.0.0.1", 0, ssl=context)
    server.url = f"https://127.0.0.1:{running.sockets[0].getsockname()[1]}"
    trusted = ssl.create_default_context(cafile=certificate[0])
    client = Client("korpu/0", 5.0, 200_000, True, trusted)
    try:
        yield client
    finally:
        await client.close()
        running.close()


def page(body: bytes, *headers: tuple[str, str]) -> Callable[[], tuple[Headers, bytes]]:
    return lambda: ([("content-type", "text/html"), *headers], body)


def test_many_requests_on_one_connection(certificate: tuple[Path, Path]) -> None:
    server = Server({f"/{n}": page(article(n), ("etag", f'"{n}"')) for n in range(20)})

    async def ask() -> list[Answer]:
        async with serving(server, certificate) as client:
            return [await client.get(f"{server.url}/{n}") for n in range(20)]

    answers = asyncio.run(ask())
    assert [answer.body for answer in answers] == [article(n) for n in range(20)]
    assert answers[7].validators.etag == '"7"'
    assert server.connections == 1


def test_large_bodies_leave_the_connection_usable(certificate: tuple[Path, Path]) -> None:
    """Each is given up, and none of their bytes stand in the way of the next page."""
    server = Server({"/big": page(b"x" * 4_000_000), "/a": page(article(1))})

    async def ask() -> Answer:
        async with serving(server, certificate) as client:
            for _ in range(8):
                with pytest.raises(Failed, match="more than 200000"):
                    await client.get(f"{server.url}/big")
            return await client.get(f"{server.url}/a")

    assert asyncio.run(ask()).body == article(1)


def test_header_limits(certificate: tuple[Path, Path]) -> None:
    server = Server(
        {
            "/many": page(b"x", *((f"x-{n}", "1") for n in range(400))),
            "/long": page(b"x", ("x-long", "y" * 70_000)),
            "/a": page(article(1)),
        }
    )

    async def ask() -> list[str]:
        reasons = []
        async with serving(server, certificate) as client:
            for path in ("/many", "/long"):
                with pytest.raises(Failed) as caught:
                    await client.get(f"{server.url}{path}")
                reasons.append(caught.value.reason)
            assert (await client.get(f"{server.url}/a")).body == article(1)
        return reasons

    assert asyncio.run(ask()) == ["too_many_headers", "connection"]


def test_a_good_bye_between_two_requests_costs_no_failure(certificate: tuple[Path, Path]) -> None:
    server = Server({f"/{n}": page(article(n)) for n in range(6)})
    server.leave_after = 2

    async def ask() -> list[Answer]:
        found = []
        async with serving(server, certificate) as client:
            for n in range(6):
                found.append(await client.get(f"{server.url}/{n}"))
                await asyncio.sleep(0.05)  # a crawl pauses between two requests
        return found

    assert [answer.body for answer in asyncio.run(ask())] == [article(n) for n in range(6)]
    assert server.connections == 3
    assert server.asked == [f"/{n}" for n in range(6)]


def test_an_unknown_certificate_is_refused(certificate: tuple[Path, Path]) -> None:
    server = Server({"/a": page(article(1))})

    async def ask() -> None:
        async with serving(server, certificate):
            client = Client("korpu/0", 5.0, 200_000, True)
            with pytest.raises(Failed, match="certificate"):
                await client.get(f"{server.url}/a")
            await client.close()

    asyncio.run(ask())
    assert server.asked == []
