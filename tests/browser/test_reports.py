"""The reports in a real Chromium, from disk: they render without an error and load nothing."""

import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom",
]  # fmt: skip

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]


@pytest.fixture(scope="module", params=["prepare", "base", "train", "evaluate"])
def page(request, undisturbed, tmp_path_factory):
    """The rendered DOM of a stage's report, and the browser's log."""
    folder, _ = undisturbed
    (report,) = (folder / "outputs" / request.param).glob("*/report.html")
    profile = tmp_path_factory.mktemp("profile")
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", report.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_a_report_renders_without_an_error(page):
    dom, log = page
    assert "<h1" in dom
    assert "<svg" in dom
    assert "CONSOLE" not in log


def test_a_report_loads_nothing(page):
    dom, _ = page
    loads = re.findall(
        r"""(?:<link[^>]+href|<(?:img|script|iframe)[^>]+src|url\()\W*https?:""", dom
    )
    assert loads == []
