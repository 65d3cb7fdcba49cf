"""report.html: one file that opens from disk and asks the network for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from eval import figures
from eval.breakdown import main
from eval.buckets import KINDS, SMALL
from eval.metrics import METRICS, Memo
from eval.pictures import bars, shades, strip
from eval.scores import REFERENCE
from eval.search import embedded
from eval.sentences import Shown, cards, points, title

PAGES = Path(__file__).with_name("pages")
PEOPLE = Markup("<!-- what people say -->")  # where an import of ratings puts its section
CHECKS = {
    "off_target": "other language",
    "wrong_script": "other script",
    "empty": "empty",
    "truncated": "cut off",
    "repeated": "loops",
    "under_long": "too short",
    "over_long": "too long",
    "copied": "source copied",
    "number_mismatch": "other numbers",
    "percent_mismatch": "other percentages",
    "money_mismatch": "other money",
    "date_mismatch": "other dates",
    "name_lost": "names lost",
    "place_lost": "places lost",
    "language_lost": "languages lost",
    "negation_mismatch": "negation lost or invented",
    "quotation_lost": "quotation lost or invented",
    "term_lost": "terms lost",
}
BUCKETS = {  # kind → what it is called, and what is said of it
    "length": ("length", "Words of the source"),
    "origin": ("origin", "Where the pair is from"),
    "date": ("date", "Published, the later of the two sides"),
    "rare": ("rare words", "Share of the source’s words that training has twice at most"),
    "check": ("check", "Sentences on which a system other than copying fails"),
}


def html(made: Mapping[str, Any], shown: Sequence[Shown], memo: Memo) -> str:
    """The page of a report.json, with the sentences that gained and lost most, and a search.

    The sentences compare the adapter with its base where both were evaluated, else the last
    system with the first, by chrF++ of the single sentence on normalised text.
    """
    systems = list(made["systems"])
    system, baseline = focus(systems)
    shade = shades(systems, system)
    scores = [points(one, memo) for one in shown]
    checks = list(dict.fromkeys(row["check"] for row in made["checks"]))
    check_names = {check: CHECKS.get(check, check.replace("_", " ")) for check in checks}
    data, held = embedded(shown, scores, systems, system, baseline, check_names)
    total = sum(len(one.side.segments) for one in shown)
    return rendered(
        "report",
        made=made,
        systems=systems,
        sections=[_section(made, one, systems, shade, check_names) for one in shown],
        cards=[
            card
            for one, found in zip(shown, scores, strict=True)
            for card in cards(one, found, system, baseline)
        ],
        baseline=baseline,
        shades=shade,
        signatures=sorted({row["signature"] for row in made["scores"]}),
        data=data,
        shown=held,
        left_out=total - held,
        few=SMALL,
        figures=figures,
        by_programs=any(row["metric"] not in METRICS for row in made["scores"]),
        people_mark=PEOPLE,
    )


def rendered(name: str, scripts: Sequence[str] = (), **values: Any) -> str:
    """A page of ``pages/`` with its style sheets and scripts inside, its own script last."""
    style = "".join((PAGES / f"{part}.css").read_text("utf-8") for part in ("page", name))
    script = "".join((PAGES / f"{part}.js").read_text("utf-8") for part in (*scripts, name))
    return rendered_part(name, style=Markup(style), script=Markup(script), **values)


def rendered_part(name: str, **values: Any) -> str:
    """A template of ``pages/`` alone."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{name}.html.jinja").render(**values)


def focus(systems: Sequence[str]) -> tuple[str, str | None]:
    """The system a reader asks about, and what it is compared with; None where it is alone."""
    if "adapter" in systems and "base" in systems:
        return "adapter", "base"
    return systems[-1], systems[0] if len(systems) > 1 else None


def _section(
    made: Mapping[str, Any],
    shown: Shown,
    systems: Sequence[str],
    shade: Mapping[str, str],
    check_names: Mapping[str, str],
) -> dict[str, Any]:
    side = shown.side
    place = (side.benchmark, side.direction)
    here = [row for row in made["scores"] if (row["benchmark"], row["direction"]) == place]
    scores = {(row["system"], row["metric"], row["normalised"]): row for row in here}
    metrics = list(dict.fromkeys(row["metric"] for row in here))
    first = main(metrics)
    checks = {
        (row["check"], row["system"]): row
        for row in made["checks"]
        if (row["benchmark"], row["direction"]) == place
    }
    buckets = _buckets(made, place, systems, shade, check_names)
    return {
        "robustness": [
            row
            for row in made.get("robustness", ())
            if (row["benchmark"], row["direction"]) == place
        ],
        "title": title(side),
        "size": made["benchmarks"][side.benchmark][side.direction],
        "main": figures.name(first),
        "metrics": [(metric, figures.name(metric)) for metric in metrics],
        "scores": scores,
        "checks": checks,
        "check_names": list(check_names.items()),
        "columns": [*systems, REFERENCE],
        "bars": bars(
            [(name, scores[name, first, True]) for name in systems], figures.name(first), shade
        ),
        "buckets": buckets,
        "few": any(row["small"] for kind in buckets for row in kind["rows"]),
    }


def _buckets(
    made: Mapping[str, Any],
    place: tuple[str, str],
    systems: Sequence[str],
    shade: Mapping[str, str],
    check_names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Each kind's table: a row per bucket, a column per system."""
    here: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in made["buckets"]:
        if (row["benchmark"], row["direction"]) == place:
            here.setdefault(row["kind"], {}).setdefault(row["bucket"], []).append(row)
    return [
        {
            "title": BUCKETS[kind][0],
            "caption": BUCKETS[kind][1],
            "columns": ["n", *systems],
            "rows": [
                {
                    "name": check_names.get(name, name) if kind == "check" else name,
                    "n": rows[0]["n"],
                    "small": rows[0]["small"],
                    "scores": rows,
                    "strip": strip(rows, shade),
                }
                for name, rows in here[kind].items()
            ],
        }
        for kind in KINDS
        if kind in here
    ]
