"""Write docs/licences.md: every installed dependency with its licence, as its metadata says it.

python scripts/licences.py            # print
python scripts/licences.py --write    # write docs/licences.md
"""

# ruff: noqa: E501 – the rows of a table
from __future__ import annotations

import argparse
from pathlib import Path

from korpu.dependencies import closure, licence

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


def table() -> str:
    rows = closure(["korpu[export,s3,sign,dev]"])
    lines = [
        f"| {name} | {d.version} | {licence(d) or 'not stated in its metadata'} |"
        for name, d in sorted(rows.items())
    ]
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
