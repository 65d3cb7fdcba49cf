"""Is a release's licence at least as restrictive as what it was made from demands?

The table is an order of restrictiveness, not advice on compatibility: it catches a licence that is
looser than the base's or the data's, which is how non-commercial weights become "MIT".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from korpu.errors import SaysNo, UsageError
from korpu.schema import LicenceOverride

# SPDX names without their version; a later row demands more.
ORDER = (
    ("CC0", "PDDL", "Unlicense", "0BSD", "WTFPL"),
    ("MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache", "Zlib", "BSL"),
    ("CC-BY", "ODC-By", "OGL-UK"),
    ("CC-BY-SA", "ODbL", "MPL", "LGPL", "GPL", "AGPL"),
    ("CC-BY-NC",),
    ("CC-BY-NC-SA",),
    ("CC-BY-ND", "CC-BY-NC-ND"),
)
RANK = {name.lower(): rank for rank, names in enumerate(ORDER) for name in names}
VERSION = re.compile(r"-\d+(\.\d+)*(-only|-or-later)?\+?$")


def rank(name: str) -> int | None:
    """How restrictive a licence is, from 0; None for one that the table does not know.

    >>> rank("CC0-1.0"), rank("Apache-2.0"), rank("CC-BY-NC-4.0"), rank("LicenseRef-Publisher")
    (0, 1, 4, None)
    """
    bare = name.strip().lower()
    return RANK.get(bare, RANK.get(VERSION.sub("", bare)))


def terms(expression: str) -> list[str]:
    """The licences an SPDX expression binds to; of an ``OR`` the least restrictive.

    >>> terms("BSD-3-Clause AND (MIT OR GPL-3.0-only)")
    ['BSD-3-Clause', 'MIT']
    """
    found = []
    for part in re.split(r"\s+AND\s+", expression):
        choices = [c.strip("() ") for c in re.split(r"\s+OR\s+", part)]
        found.append(min(choices, key=lambda c: len(ORDER) if rank(c) is None else rank(c) or 0))
    return [term for term in found if term]


def uncovered(released: str, demanded: str) -> list[str]:
    """The demanded licences that the released one is looser than.

    One of unknown rank is covered only by being named in the release's own expression.
    """
    own = terms(released)
    strictest = max((r for term in own if (r := rank(term)) is not None), default=-1)
    names = {term.lower() for term in own}
    missing = []
    for term in terms(demanded) or ["no licence at all"]:
        demands = rank(term)
        if term.lower() not in names and (demands is None or demands > strictest):
            missing.append(term)
    return missing


def check(released: str, demands: Iterable[tuple[str, str]]) -> None:
    """``demands`` are (what, its licence); raises ``SaysNo`` naming the first that is not met."""
    for what, licence in demands:
        missing = uncovered(released, licence)
        if not missing:
            continue
        name = " AND ".join(missing)
        known = all(rank(term) is not None for term in missing)
        because = "demands more" if known else "is not in the table of release/licence.py"
        raise SaysNo(
            f"release.licence {released} cannot be given: {what} is under {name}, which {because}; "
            f"set release.licence to one that covers it, such as {licence!r}"
        )


def settle(
    released: str, override: LicenceOverride, demands: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """The licence a bundle is given: {name}, and {override} where one was asked for.

    An override gives a licence whatever is demanded, and its reason and what it is looser than
    stay with the bundle. Raises ``UsageError`` for one without a reason, else as ``check``.
    """
    if override.licence is None and override.reason is None:
        check(released, demands)
        return {"name": released}
    name, reason = (override.licence or "").strip(), (override.reason or "").strip()
    if not name or not reason:
        raise UsageError(
            "release.licence_override needs a licence and a reason, as "
            "release.licence_override={licence: CC-BY-4.0, reason: '…'}"
        )
    looser = [
        {"what": what, "licence": licence} for what, licence in demands if uncovered(name, licence)
    ]
    return {"name": name, "override": {"reason": reason, "of": released, "looser_than": looser}}
