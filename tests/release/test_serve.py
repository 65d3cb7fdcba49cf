"""`korpu translate serve`: what it answers, what it refuses, and how it ends."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from korpu.errors import Infrastructure, UsageError
from release.opened import Opened
from release.serve import main
from release.web import openapi
from release.web.desk import Desk, Refused
from release.web.server import CONNECTIONS, Server

CHECKOUT = Path(__file__).resolve().parents[2]
CONTRACT = {
    "input": {"accepts": {"uzn_Cyrl": "uzn_Latn", "azj_Cyrl": "azj_Latn"}},
    "directions": [
        {"source": "azj_Latn", "target": "uzn_Latn"},
        {"source": "uzn_Latn", "target": "azj_Latn"},
    ],
}
ASKED = {"text": "salam", "from": "az", "to": "uz"}


def opened(translate):
    return Opened("small", "0.1.0", "none", CONTRACT, translate)


def loud(texts, _way):
    return [text.upper() for text in texts]


@contextmanager
def serving(translate=loud, characters=200, seconds=5.0, waiting=2, read_seconds=1.0):
    desk = Desk(opened(translate), characters, seconds, waiting)
    server = Server(("127.0.0.1", 0), desk, read_seconds)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.end()
        thread.join()


def ask(port, body=ASKED, method="POST", path="/translate", kind="application/json", **headers):
    """Status, answer and headers."""
    sent = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    given = {"Content-Type": kind, **headers} if kind else headers
    connection.request(method, path, sent, given)
    answer = connection.getresponse()
    raw = answer.read()
    found = json.loads(raw) if raw and "json" in answer.headers["Content-Type"] else raw
    return answer.status, found, answer.headers


def raw(port, data, wait=5):
    """Everything the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(data)
        got = b""
        while part := connection.recv(1 << 16):
            got += part
    return got


@pytest.fixture(scope="module")
def port():
    with serving() as port:
        yield port


def test_it_translates(port):
    status, answer, headers = ask(port)
    assert status == 200
    assert answer == {
        "translation": "SALAM",
        "model": "small",
        "version": "0.1.0",
        "machine_translated": True,
        "from": "az",
        "to": "uz",
        "format": "text",
        "warnings": [],
    }
    assert headers["Cache-Control"] == "no-store"
    status, answer, _ = ask(port, {**ASKED, "text": "<p>salam <b>{x}</b>", "format": "html"})
    assert answer["translation"] == "<p>SALAM <b>{x}</b>"
    row = json.dumps({"text": "salam"})
    status, answer, _ = ask(port, {**ASKED, "text": row, "format": "jsonl"})
    assert json.loads(answer["translation"])["translation"]["version"] == "0.1.0"
    status, answer, _ = ask(port, {**ASKED, "text": "bir\n\niki", "to": "uz-Cyrl"})
    assert answer["translation"] == "БИР\n\nИКИ"
    assert ask(port, {**ASKED, "text": ""})[1]["translation"] == ""


def lossy(texts, _way):
    return [text.replace("25", "2").replace("7-", "") for text in texts]


def test_it_warns_of_numbers():
    jsonschema = pytest.importorskip("jsonschema")
    with serving(lossy) as port:
        text = "salam\n\nonların 25-i gəldi\n5 gün"
        _, answer, _ = ask(port, {**ASKED, "text": text})
        _, described, _ = ask(port, None, "GET", "/openapi.json")
        row = json.dumps({"title": "onların 25-i", "text": "a\nonların 7-si"})
        _, articles, _ = ask(port, {**ASKED, "text": f"{row}\n{row}", "format": "jsonl"})
    warning = {"line": 3, "text": "onların 25-i gəldi", "source": ["25"], "translation": ["2"]}
    assert answer["warnings"] == [warning]
    assert answer["translation"] == "salam\n\nonların 2-i gəldi\n5 gün"
    assert [(w["line"], w["field"], w["paragraph"]) for w in articles["warnings"]] == [
        (line, *place) for line in (1, 2) for place in (("title", 1), ("text", 2))
    ]
    told = json.loads(articles["translation"].splitlines()[1])["translation"]["numbers"]
    assert [numbers["source"] for numbers in told] == [["25"], ["7"]]
    schema = {**described["components"]["schemas"]["Translation"]}
    for found in (answer, articles):
        jsonschema.validate(found, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**answer, "warnings": [{**warning, "source": 25}]}, schema)


def test_what_can_be_asked_for(port):
    status, health, _ = ask(port, None, "GET", "/health")
    assert (status, health["status"], health["model"], health["characters"]) == (
        200, "ok", "small", 200
    )  # fmt: skip
    ways = [(way["from"], way["to"]) for way in health["directions"]]
    assert sorted(ways) == [
        ("az", "uz"), ("az", "uz-Cyrl"), ("az-Cyrl", "uz"), ("az-Cyrl", "uz-Cyrl"),
        ("uz", "az"), ("uz-Cyrl", "az"),
    ]  # fmt: skip
    for source, target in ways:
        assert ask(port, {"text": "a", "from": source, "to": target})[0] == 200
    status, page, headers = ask(port, None, "GET", "/")
    assert status == 200
    assert b"<textarea" in page
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ask(port, None, "HEAD", "/")[:2] == (200, b"")


def test_its_description_is_openapi(port):
    validator = pytest.importorskip("openapi_spec_validator", reason="no openapi-spec-validator")
    _, described, _ = ask(port, None, "GET", "/openapi.json")
    validator.validate(described)


def test_its_description_is_true(port):
    jsonschema = pytest.importorskip("jsonschema")
    _, described, _ = ask(port, None, "GET", "/openapi.json")
    post = described["paths"]["/translate"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(ASKED, schema)
    for wrong in ({"text": "a"}, {**ASKED, "more": 1}, {**ASKED, "from": "xx"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
        assert ask(port, wrong)[0] == 400
    schemas = described["components"]["schemas"]
    for name, (status, answer, _) in {
        "Translation": ask(port),
        "Health": ask(port, None, "GET", "/health"),
        "Error": ask(port, {"text": "a"}),
    }.items():
        assert status in (200, *openapi.ANSWERS)
        jsonschema.validate(answer, schemas[name])
    assert set(post["responses"]) == {"200", *map(str, openapi.ANSWERS)}


@pytest.mark.parametrize(
    ("body", "more", "status", "sentence"),
    [
        (b"{", {}, 400, "not JSON"),
        (b"\xff\xfe", {}, 400, "not UTF-8"),
        (b"[" * 3000, {}, 400, "not JSON"),
        ([1], {}, 400, "not a JSON object"),
        ({**ASKED, "txt": "a"}, {}, 400, "there is no 'txt'"),
        ({**ASKED, "text": 5}, {}, 400, "text is missing, or is not a string"),
        ({"text": "a", "to": "uz"}, {}, 400, "from is missing"),
        ({**ASKED, "to": "xx"}, {}, 400, "unknown language 'xx'"),
        ({**ASKED, "to": "tr"}, {}, 400, "does not translate from=azj_Latn to=tur_Latn"),
        ({**ASKED, "format": "pdf"}, {}, 400, "format is none of text, markdown"),
        ({**ASKED, "text": "[1]", "format": "jsonl"}, {}, 400, "line 1 is not a JSON object"),
        (b'{"text": "\\ud800", "from": "az", "to": "uz"}', {}, 400, "half of a surrogate"),
        ({**ASKED, "text": "a" * 201}, {}, 413, "201 characters; at most 200"),
        (b"a" * 300_000, {}, 413, "at most 200 characters"),
        (ASKED, {"kind": "text/plain"}, 415, "application/json"),
        (ASKED, {"kind": ""}, 415, "application/json"),
        (ASKED, {"path": "/translat"}, 404, "there is only /"),
        (ASKED, {"path": "/health"}, 405, "GET"),
        (None, {"path": "/translate", "method": "GET"}, 405, "POST"),
        (None, {"path": "/../etc/passwd", "method": "GET"}, 404, "there is only"),
        (ASKED, {"method": "DELETE"}, 405, "no DELETE"),
        (ASKED, {"Content-Length": "-5"}, 400, "not a number"),
        (ASKED, {"Content-Length": "9" * 30}, 413, "too long"),
        (ASKED, {"Transfer-Encoding": "chunked"}, 411, "Content-Length"),
        (None, {"method": "GET", "path": "/" + "a" * 70_000}, 414, "Too Long"),
        (None, {"method": "GET", "path": "/", "X-Long": "a" * 70_000}, 431, "too long"),
    ],
)
def test_a_bad_request_is_a_sentence(port, body, more, status, sentence):
    found = ask(port, body, **more)
    assert found[0] == status, found
    assert sentence in found[1]["error"]
    assert ask(port)[0] == 200


def test_bytes_that_are_no_http(port):
    assert b" 400 " in raw(port, b"\x16\x03\x01\x02\x00\r\n\r\n").split(b"\r\n")[0]
    many = b"".join(b"X-%d: a\r\n" % n for n in range(200))
    assert b" 431 " in raw(port, b"GET / HTTP/1.1\r\n" + many + b"\r\n").split(b"\r\n")[0]
    assert ask(port)[0] == 200


def test_a_slow_client_is_let_go(port):
    began = time.monotonic()
    head = (
        b"POST /translate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    )
    assert b" 408 " in raw(port, head).split(b"\r\n")[0]
    assert raw(port, b"GET / HTTP/1.1\r\nX-A: ") == b""
    assert time.monotonic() - began < 10
    assert ask(port)[0] == 200


def test_too_many_connections():
    with serving(read_seconds=30) as port:
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        time.sleep(0.3)
        status, answer, headers = ask(port)
        assert (status, headers["Retry-After"]) == (429, "2")
        assert "too many connections" in answer["error"]
        for connection in held:
            connection.close()
        until = time.monotonic() + 10
        while ask(port)[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_more_at_once_than_may_wait():
    begun, free = threading.Event(), threading.Event()

    def slow(texts, _way):
        begun.set()
        assert free.wait(20)
        return list(texts)

    with serving(slow, waiting=1) as port:
        statuses = []
        first = threading.Thread(target=lambda: statuses.append(ask(port)[0]))
        first.start()
        assert begun.wait(20)
        status, answer, headers = ask(port)
        assert (status, headers["Retry-After"]) == (429, "2")
        assert answer["error"] == "1 requests are being answered; try again soon"
        assert ask(port, None, "GET", "/health")[0] == 200
        free.set()
        first.join()
        assert statuses == [200]


def test_what_takes_too_long():
    def slow(texts, _way):
        time.sleep(0.3)
        return list(texts)

    desk = Desk(opened(slow), 10_000, 0.2, 4)
    lines = "\n".join(f"sətir {'a' * n}" for n in range(40))
    with pytest.raises(Refused, match=r"longer than 0\.2 seconds; send less text") as refused:
        desk.answer({**ASKED, "text": lines})
    assert refused.value.status == 504
    first = threading.Thread(target=desk.answer, args=(ASKED,))
    first.start()
    time.sleep(0.05)
    with pytest.raises(Refused, match="other translations took longer") as refused:
        desk.answer(ASKED)
    assert refused.value.status == 503
    first.join()
    assert desk.answer(ASKED)["translation"] == "salam"


def test_an_error_of_ours_is_answered(capfd):
    def broken(_texts, _way):
        raise RuntimeError("lost")

    with serving(broken) as port:
        for _ in range(3):  # and no place stays taken
            status, answer, _ = ask(port)
            assert (status, "bug" in answer["error"]) == (500, True)
    assert "RuntimeError: lost" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["port=8080"], "needs bundle="),
        (["bundle=x", "prt=8080"], "did you mean port="),
        (["bundle=x", "port=70000"], "port is a whole number from 0 to 65535"),
        (["bundle=x", "seconds=0"], "seconds is a whole number from 1"),
        (["bundle=./nowhere"], "there is no bundle ./nowhere"),
    ],
)
def test_words(words, sentence):
    with pytest.raises(UsageError, match=sentence):
        main(words)


def test_a_port_that_is_taken(released, port):
    with pytest.raises(Infrastructure, match=f"cannot listen at 127.0.0.1 port {port}: Address"):
        main([f"bundle={released.path}", "backend=ct2-float32", f"port={port}"])


@pytest.fixture
def process(released, tmp_path):
    """The command itself with the small bundle: its process and port."""
    words = [f"bundle={released.path}", "backend=ct2-float32", "port=0"]
    log = (tmp_path / "log").open("w+")
    started = subprocess.Popen(
        [sys.executable, "-m", "korpu.cli", "translate", "serve", *words],
        stderr=log, stdout=subprocess.DEVNULL, cwd=CHECKOUT,
    )  # fmt: skip
    until = time.monotonic() + 60
    while "http://127.0.0.1:" not in (told := (tmp_path / "log").read_text()):
        assert started.poll() is None and time.monotonic() < until, told
        time.sleep(0.05)
    yield started, int(told.partition("http://127.0.0.1:")[2].partition("/")[0])
    started.kill()
    started.wait()
    log.close()


def test_a_real_process_from_start_to_sigterm(process, released):
    started, port = process
    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    for row in (rows[0], rows[-1]):
        asked = {"text": row["text"], "from": row["source"], "to": row["target"]}
        assert ask(port, asked)[1]["translation"] == row["translation"]
    row = next(row for row in rows if row["target"] == "uzn_Latn")
    lines = [f"{row['text']} {n}" for n in range(30)]
    found = []
    asked = {"text": "\n".join(lines), "from": "az", "to": "uz"}
    asking = threading.Thread(target=lambda: found.append(ask(port, asked)))
    idle = socket.create_connection(("127.0.0.1", port))  # it never asks
    asking.start()
    time.sleep(0.2)
    started.send_signal(signal.SIGTERM)
    assert started.wait(60) == 0
    asking.join()
    (answer,) = found
    assert answer[0] == 200
    assert len(answer[1]["translation"].splitlines()) == 30
    assert idle.recv(10) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        ask(port)
