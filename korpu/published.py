"""Where a registry keeps what a published model was evaluated with; read by its layout alone.

<registry>/<name>/versions/<semver>/eval/    report.json and stats.npz of a bundle
<registry>/<name>/aliases/<alias>            one line, the version it stands for
"""

from __future__ import annotations

import re
from pathlib import Path

from korpu.errors import UsageError

PREFIX = "registry:"
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*")
EVALUATION = "eval"  # the folder of a bundle


def evaluation(registry: Path, reference: str) -> tuple[str, Path]:
    """(version, report.json) of ``registry:NAME@ALIAS`` or ``registry:NAME@VERSION``.

    Raises ``UsageError`` naming what there is where the registry has no such version, or the
    bundle was published without its evaluation.
    """
    name, _, wanted = reference.removeprefix(PREFIX).partition("@")
    if not NAME.fullmatch(name) or not NAME.fullmatch(wanted):
        raise UsageError(
            f"{reference} is no bundle: write {PREFIX}NAME@ALIAS, such as {PREFIX}news@production"
        )
    home = registry / name
    alias = home / "aliases" / wanted
    version = alias.read_text("utf-8").strip() if alias.is_file() else wanted
    bundle = home / "versions" / version
    if not NAME.fullmatch(version) or not bundle.is_dir():
        there = [path.name for kind in ("aliases", "versions") for path in (home / kind).glob("*")]
        raise UsageError(
            f"{reference}: {registry} has no such version of {name}; it has "
            f"{', '.join(sorted(there)) or 'nothing yet'}"
        )
    report = bundle / EVALUATION / "report.json"
    if not report.is_file():
        raise UsageError(
            f"{reference}: {bundle} was published without its evaluation; name the report of "
            "that model instead, as gate.baseline=PATH"
        )
    return version, report
