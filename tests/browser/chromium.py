"""A page in a real Chromium, driven through Debian's chromedriver with plain HTTP (W3C WebDriver).

Screen, colour scheme and medium are emulated through the DevTools protocol, which the driver hands
on; so nothing has to be installed beside the two packages.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Page:
    """One tab. Every call raises ``RuntimeError`` with the driver's own message if it fails."""

    def __init__(self, address: str, profile: Path) -> None:
        self._address = address
        options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        made = self._post("", {"capabilities": {"alwaysMatch": wanted}})
        self._address = f"{address}/{made['sessionId']}"

    def _post(self, path: str, body: Any, method: str = "POST") -> Any:
        data = None if method == "DELETE" else json.dumps(body).encode()
        asked = urllib.request.Request(
            self._address + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def tell(self, command: str, **values: Any) -> Any:
        """A command of the DevTools protocol."""
        return self._post("/goog/cdp/execute", {"cmd": command, "params": values})

    def screen(self, width: int, *, dark: bool = False, medium: str = "") -> None:
        """``width`` CSS pixels, as a phone (with touch) or a desk has them.

        ``medium="print"`` shows paper.
        """
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=844, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self.tell("Emulation.setTouchEmulationEnabled", enabled=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def open(self, url: str) -> None:
        self._post("/url", {"url": url})

    def ask(self, script: str) -> Any:
        """What a JavaScript function body returns."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def console(self) -> list[str]:
        """Messages of the page, of any level, since the last call."""
        return [line["message"] for line in self._post("/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """URLs asked for since the last call, the page itself among them."""
        lines = [
            json.loads(line["message"])["message"]
            for line in self._post("/se/log", {"type": "performance"})
        ]
        return [
            line["params"]["request"]["url"]
            for line in lines
            if line["method"] == "Network.requestWillBeSent"
        ]

    def picture(self) -> bytes:
        """The whole page, as PNG."""
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def printed(self) -> bytes:
        """The page on A4, as PDF."""
        pdf = self._post("/print", {"page": {"width": 21.0, "height": 29.7}, "background": True})
        return base64.b64decode(pdf)

    def close(self) -> None:
        self._post("", None, "DELETE")


@contextlib.contextmanager
def page(folder: Path) -> Iterator[Page]:
    """A tab of a fresh profile in ``folder``."""
    assert DRIVER is not None
    log = folder / "driver.log"
    with log.open("w") as stream:
        driver = subprocess.Popen([DRIVER, "--port=0"], stdout=stream, stderr=subprocess.STDOUT)
    try:
        opened = Page(f"http://127.0.0.1:{_port(driver, log)}/session", folder / "profile")
        try:
            yield opened
        finally:
            opened.close()
    finally:
        driver.terminate()
        driver.wait(20)


def _port(driver: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + 30
    while time.monotonic() < until and driver.poll() is None:
        for line in log.read_text("utf-8").splitlines():
            if "started successfully on port" in line:
                return int(line.rstrip(".").rsplit(" ", 1)[1])
        time.sleep(0.05)
    raise RuntimeError(f"chromedriver did not start: {log.read_text('utf-8')[-500:]}")
