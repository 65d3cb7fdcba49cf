"""Write docs/licences.md: every installed dependency with its licence, as its metadata says it.

python scripts/licences.py            # print
python scripts/licences.py --write    # write docs/licences.md
"""

# ruff: noqa: E501 – the rows of a table
from __future__ import annotations

import argparse
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

TARGET = Path(__file__).resolve().parent.parent / "docs" / "licences.md"
DATA = """## Data and models

| what | licence | where it comes in |
|---|---|---|
| the newsroom's texts, templates and fillers (`examples/newsroom`) | CC0-1.0 | the embedded default |
| NLLB-200 weights (`model=nllb_600m`, `nllb_1_3b`, `nllb_1_3b_distilled`, `nllb_3_3b`) | CC-BY-NC-4.0 | fetched by whoever asks for them; what is fine-tuned from them inherits it |
| NTREX-128, az and uz (`source=ntrex`) | CC-BY-SA-4.0 | `experiment=shared_news`; not part of this project |
| X-WMT az–uz (`benchmark=xwmt`) | MIT | `experiment=shared_news`; not part of this project |
| interface strings (`source=ui`) | BSD-3-Clause, Apache-2.0 | `experiment=shared_news`; not part of this project |
"""


def closure(roots: list[str]) -> dict[str, metadata.Distribution]:
    """The installed distributions that the given ones need, by canonical name."""
    found: dict[str, metadata.Distribution] = {}
    todo = [Requirement(root) for root in roots]
    while todo:
        wanted = todo.pop()
        name = wanted.name.lower().replace("_", "-").replace(".", "-")
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(wanted.name)
        except metadata.PackageNotFoundError:
            continue  # an optional or platform-bound requirement that is not installed
        extras = wanted.extras or {""}
        for text in found[name].requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                todo.append(needed)
    return found


def licence(distribution: metadata.Distribution) -> str:
    """The SPDX expression where there is one, else the classifiers, else the licence field."""
    about = distribution.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [c.rpartition(" :: ")[2] for c in classifiers if not c.endswith("OSI Approved")]
    if named:
        return ", ".join(named)
    text = str(about.get("License") or "").strip()
    return text.splitlines()[0][:60] if text else "not stated in its metadata"


def table() -> str:
    rows = closure(["korpu[export,dev]"])
    lines = [f"| {name} | {d.version} | {licence(d)} |" for name, d in sorted(rows.items())]
    return "\n".join(
        [
            "# Licences",
            "",
            "korpu's code is Apache-2.0 (`LICENSE`).",
            "",
            DATA,
            "## Dependencies",
            "",
            "`python scripts/licences.py --write`, from the metadata of what is installed.",
            "",
            "| package | version | licence |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    text = table()
    if parser.parse_args().write:
        TARGET.write_text(text, "utf-8")
    else:
        print(text)
