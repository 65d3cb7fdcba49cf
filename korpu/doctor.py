"""`korpu doctor`: whether this machine and the sources of a recipe are fit to begin with.

The hall looks at the machine and prints; the room that reads sources looks at those. It writes
nothing but what `out=FILE` asks for: the same findings as JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from korpu import served
from korpu.errors import Infrastructure, KorpuError, SaysNo, UsageError
from korpu.schema import Recipe

FINE, LOOK, BAD, TOLD = "✓", "!", "✗", "·"
ROOM = 5 * 2**30  # bytes free below which a run is likely to end on a full disk
WORST = (UsageError, SaysNo, Infrastructure)  # which of several problems the exit code is of


@dataclass(frozen=True)
class Finding:
    """One thing seen: a mark, what it is about, a sentence, and the facts behind it."""

    mark: str
    what: str
    says: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What was seen of one thing. ``problem`` is why it cannot be used, None where it can."""

    name: str
    findings: tuple[Finding, ...]
    problem: KorpuError | None = None


def run(recipe: Recipe) -> None:
    """Print what the machine and each source show.

    Raises the worst of their problems, all others still reported: ``UsageError`` for a wrong
    configuration, ``SaysNo`` for a source that gives nothing, ``Infrastructure`` for one that
    cannot be reached.
    """
    reports: list[Report] = []

    def tell(report: Report) -> None:
        reports.append(report)
        print(render(report), flush=True)

    tell(machine(recipe))
    with _newsroom(recipe):
        examine: Callable[[Recipe, Callable[[Report], None]], None] = importlib.import_module(
            "data_prep.collect.doctor"
        ).examine
        examine(recipe, tell)
    if recipe.out is not None:
        text = json.dumps([as_data(report) for report in reports], ensure_ascii=False, indent=1)
        Path(recipe.out).write_text(text + "\n", "utf-8")
    bad = [report for report in reports if report.problem is not None]
    print(f"{many(len(reports) - 1, 'source')}, {len(bad)} with a problem", flush=True)
    for kind in WORST:
        if of_kind := [report for report in bad if isinstance(report.problem, kind)]:
            more = f"; {len(bad) - 1} more above" if len(bad) > 1 else ""
            raise kind(f"{of_kind[0].name}: {of_kind[0].problem}{more}")


def render(report: Report) -> str:
    """A report for a terminal: aligned, and with no control character of a page in it."""
    width = max((len(finding.what) for finding in report.findings), default=0)
    lines = [report.name]
    lines += [f"  {f.mark} {f.what:<{width}}  {plain(f.says)}" for f in report.findings]
    if report.problem is not None:
        lines.append(f"  {BAD} {'so':<{width}}  {plain(str(report.problem))}")
    return "\n".join(lines)


def plain(text: str) -> str:
    """Text whose unprintable characters are shown, not sent to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def as_data(report: Report) -> dict[str, Any]:
    """A report as JSON has it."""
    problem = report.problem
    return {
        "name": report.name,
        "exit_code": 0 if problem is None else problem.exit_code,
        "problem": None if problem is None else str(problem),
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
    }


def machine(recipe: Recipe) -> Report:
    """Python, packages, cores, memory, disk and GPU; torch is loaded only where there is a GPU."""
    return Report(
        "machine",
        (
            Finding(TOLD, "python", f"{platform.python_version()} on {platform.platform()}"),
            packages(),
            cores(),
            disk(Path(recipe.runtime.outputs)),
            gpu(),
        ),
    )


def packages() -> Finding:
    """Whether what korpu requires is installed, in a version that it works with."""
    from packaging.requirements import Requirement

    wrong, all_of_them = [], 0
    for line in metadata.requires("korpu") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        all_of_them += 1
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is not installed")
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            wrong.append(f"{wanted.name} is {version}, not {wanted.specifier}")
    facts = {"required": all_of_them, "wrong": wrong}
    if wrong:
        says = f"{'; '.join(wrong)}; run pip install -e . again"
        return Finding(BAD, "packages", says, facts)
    return Finding(FINE, "packages", f"all {all_of_them} are as required", facts)


def cores() -> Finding:
    """Cores this process may use, and memory."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    says, facts = f"{count or 1}", {"cores": count or 1}
    with contextlib.suppress(ValueError, OSError, AttributeError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        says, facts["memory"] = f"{count or 1}, {size(memory)} of memory", memory
    return Finding(TOLD, "cores", says, facts)


def disk(outputs: Path) -> Finding:
    """Space where the outputs go, or will go."""
    at = outputs.absolute()
    while not at.exists():
        at = at.parent
    free = shutil.disk_usage(at).free
    facts = {"path": str(outputs), "free": free}
    if not os.access(at, os.W_OK):
        return Finding(BAD, "disk", f"{at} cannot be written to; check the permissions", facts)
    mark = FINE if free >= ROOM else LOOK
    return Finding(mark, "disk", f"{size(free)} free for {outputs}", facts)


def gpu() -> Finding:
    """What torch could compute on; asked only where a device of any kind is there to be found."""
    devices = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if sys.platform != "darwin" and not any(Path(device).exists() for device in devices):
        return Finding(TOLD, "gpu", "none; everything runs on the CPU", {"gpus": []})
    import torch

    names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    if names:
        return Finding(FINE, "gpu", ", ".join(names), {"gpus": names})
    says = "there is a device, but torch does not see one that it can use"
    return Finding(LOOK, "gpu", says, {"gpus": []})


def many(count: int, what: str) -> str:
    """A number of things: no link, 1 link, 2 links."""
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """Bytes for a reader.

    >>> size(812), size(12_345), size(7 * 10**12)
    ('812 B', '12.3 kB', '7.0 TB')
    """
    value, left = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(left) > 1:
        value, left = value / 1000, left[1:]
    return f"{count} B" if left[0] == "B" else f"{value:.1f} {left[0]}"


@contextlib.contextmanager
def _newsroom(recipe: Recipe) -> Iterator[None]:
    """The bundled newsroom, served where the recipe asks for it, and with no trace in outputs.

    `served.newsroom` serves only what is not collected yet and writes the known alignment; in a
    folder of its own nothing is collected yet, and what is written goes when the folder does.
    """
    if not recipe.newsroom.serve:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        sites_only = dataclasses.replace(
            recipe.source, warc={}, files={}, hub={}, opus={}, corrections={}
        )
        alone = dataclasses.replace(
            recipe,
            source=sites_only,
            newsroom=dataclasses.replace(recipe.newsroom, truth=f"{folder}/truth"),
            runtime=dataclasses.replace(recipe.runtime, outputs=folder),
        )
        with served.newsroom(alone, "collect"):
            yield
