"""Where a registry keeps what a published model was evaluated with; read by its layout alone.

<registry>/<name>/versions/<semver>/eval/    report.json and stats.npz of a bundle
<registry>/<name>/aliases/<alias>            one line, the version it stands for
<registry>/<name>/yanked/<semver>.json       why a version was withdrawn
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

from korpu import bundle as bundles
from korpu.errors import UsageError

PREFIX = "registry:"
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*")


def evaluation(place: Path | str, reference: str) -> tuple[str, Path]:
    """(version, report.json) of ``registry:NAME@ALIAS`` or ``registry:NAME@VERSION``.

    Raises ``UsageError`` naming what there is where the registry has no such version, the version
    is withdrawn, the bundle was published without its evaluation, or the registry is no folder;
    ``SaysNo`` where the evaluation is not the one that was published.
    """
    if "://" in str(place):
        raise UsageError(
            f"gate.baseline={reference} needs a registry that is a folder, not {place}; fetch the "
            f"bundle with `korpu release fetch={reference.removeprefix(PREFIX)}` and name its "
            f"{bundles.EVALUATION}/report.json as gate.baseline"
        )
    registry = Path(place)
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
    yanked = home / "yanked" / f"{version}.json"
    if yanked.exists():
        reason = "its record is damaged"
        with contextlib.suppress(ValueError, KeyError, TypeError):
            reason = json.loads(yanked.read_text("utf-8"))["reason"]
        raise UsageError(f"{reference}: {name} {version} was withdrawn: {reason}; name another")
    report = bundle / bundles.EVALUATION / "report.json"
    if not report.is_file():
        raise UsageError(
            f"{reference}: {bundle} was published without its evaluation; name the report of "
            "that model instead, as gate.baseline=PATH"
        )
    bundles.verify(bundle, parts=(bundles.EVALUATION,))
    return version, report
