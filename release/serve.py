"""`korpu translate serve`: a page and an HTTP service for trying a bundle."""

from __future__ import annotations

import signal
import threading

from korpu import log
from korpu import words as named
from korpu.errors import DONE, Infrastructure, UsageError

HELP = """korpu translate serve bundle=BUNDLE [word=value …]

A page for a browser with a box on each side, and POST /translate for programs (its description in
OpenAPI at /openapi.json). It is a way to try a bundle, not a platform: one model, no accounts, no
encryption. It ends at SIGTERM or Ctrl-C, when the requests it has are answered.

  bundle=DIR|NAME|NAME@ALIAS|NAME@VERSION   as in korpu translate
  registry=PLACE      the registry of names, as in korpu translate (registry)
  backend=hf|ct2-float32|ct2-int8           the format to load (ct2-int8, or hf without it)
  host=127.0.0.1      the address to listen at; another than this machine's own is open to others
  port=8080           0: any free one
  characters=20000    of a text at most; more is refused (413)
  seconds=60          of waiting (503) or translating (504) at most
  waiting=8           requests at once at most; more are refused (429)

  korpu translate serve bundle=newsroom@candidate port=8080
"""
WORDS = (
    *("bundle", "registry", "backend", "host", "port"),
    *("characters", "seconds", "waiting"),
)
LIMITS = {
    "port": (0, 65535),
    "characters": (1, 1_000_000),
    "seconds": (1, 3600),
    "waiting": (1, 64),
}
USUAL = {"port": 8080, "characters": 20_000, "seconds": 60, "waiting": 8}


def main(words: list[str]) -> int:
    """Serve until a signal; returns 0. Raises ``UsageError`` for its words, ``Infrastructure`` for
    a port that is taken, ``SaysNo`` for a bundle whose files are not the published ones."""
    if not words or any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE if words else UsageError.exit_code
    given = named.parsed("korpu translate serve", words, WORDS)
    if "bundle" not in given:
        raise UsageError("korpu translate serve needs bundle=…; see its --help")
    number = {name: _number(given, name) for name in LIMITS}
    host = given.get("host", "127.0.0.1")

    from release.opened import open_bundle
    from release.translate import _bundle
    from release.web.desk import Desk
    from release.web.server import READ_SECONDS, Server

    where = _bundle(given["bundle"], given.get("registry", "registry"), force=False)
    bundle = open_bundle(where, given.get("backend"))
    desk = Desk(bundle, number["characters"], number["seconds"], number["waiting"])
    try:
        server = Server((host, number["port"]), desk, READ_SECONDS)
    except (OSError, UnicodeError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise Infrastructure(
            f"cannot listen at {host} port {number['port']}: {what}; give another port=… or host=…"
        ) from error
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, lambda *_: stop.set())
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="serve")
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    log.say(f"{bundle.name} {bundle.version}, {bundle.form}")
    log.say(f"http://{shown}:{server.server_address[1]}/ (Ctrl-C ends it)")
    stop.wait()
    log.say("ending: the requests that are here are answered")
    server.end()
    thread.join()
    return DONE


def _number(given: dict[str, str], name: str) -> int:
    least, most = LIMITS[name]
    value = given.get(name, str(USUAL[name]))
    if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
        raise UsageError(f"{name} is a whole number from {least} to {most}, not {value!r}")
    return int(value)
