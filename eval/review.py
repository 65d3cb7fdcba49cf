"""`korpu evaluate review=export` and `review=import`: people score outputs without knowing whose.

An export draws sentences of a report and writes a page that opens from disk (``review.html``) and,
apart from it, which output is whose (``review.key.json``). A rater's file is imported against that
key.
"""

from __future__ import annotations

from pathlib import Path

from eval import ballot, people
from eval.compared import Report, opened
from korpu import artifact, languages, log, stages
from korpu.errors import UsageError
from korpu.schema import Recipe

FOLDER = "review"  # beside the report
COUNT = 50  # sentences of an export


def review_action(recipe: Recipe, value: str, **options: str) -> None:
    """Do what ``value`` says, ``export`` or ``import``, in ``review/`` beside the report.

    ``report`` is a report.json or its folder, else this recipe's evaluation is taken; ``out`` is
    another folder. An export takes ``systems``, ``direction`` and ``count`` and draws by the
    recipe's ``seed``; an import takes ``file``, one or several by commas. Raises ``UsageError``
    for a wrong option, a report that is not made yet, and files that are not of this export.
    """
    if value not in ("export", "import"):
        raise UsageError(f"review must be export or import, not {value!r}")
    known = {"export": ("systems", "direction", "count"), "import": ("file",)}[value]
    for name in options:
        if name not in (*known, "report"):
            raise UsageError(f"review={value} takes {', '.join((*known, 'report'))}, not {name}")
    report = _report(recipe, options.get("report"))
    out = Path(recipe.out) if recipe.out else report.path.parent / FOLDER
    if value == "export":
        _export(report, recipe.seed, options, out)
    else:
        _import(report, options.get("file", ""), recipe.seed, out)


def _report(recipe: Recipe, path: str | None) -> Report:
    if path:
        return opened(Path(path))
    made = stages.plan(recipe, "evaluate")["evaluate"].made
    if made is None:
        raise UsageError(
            "there is no evaluation of this recipe; make it with `korpu evaluate` and the same "
            "overrides, or name another in report="
        )
    return opened(made.file("report.json"))


def _export(report: Report, seed: int, options: dict[str, str], out: Path) -> None:
    systems = ballot.systems(report, options.get("systems"))
    wanted = options.get("direction")
    if wanted:
        languages.direction(wanted)
    count = options.get("count", str(COUNT))
    if not count.isdecimal() or int(count) < 1:
        raise UsageError(f"count is a number of sentences, at least 1, not {count!r}")
    drawn = ballot.drawn(report, systems, wanted, int(count), seed)
    key = ballot.key(report, drawn, systems, seed)
    there = out / ballot.KEY
    if there.exists() and ballot.read_key(there)["review"] != key["review"]:
        raise UsageError(
            f"{out} holds another export, whose files would no longer fit; name an empty "
            "directory in out="
        )
    artifact.write_json(there, key)
    artifact.write_atomically(out / "review.html", ballot.page(key))
    outputs = len(key["items"])
    log.say(f"review: {outputs} outputs of {len(drawn)} sentences by {', '.join(systems)}")
    print(f"page      {out / 'review.html'}  (give this to the raters)")
    print(f"key       {there}  (keep this: it says which output is whose)")


def _import(report: Report, files: str, seed: int, out: Path) -> None:
    if not files:
        raise UsageError("review=import needs file=review-NAME.json, several separated by commas")
    paths = [Path(name) for name in files.split(",")]
    found = people.imported(report, paths, out, seed)
    for row in found["systems"]:
        low, high = row["ci"]
        print(
            f"{row['direction']}  {row['system']:<10} {row['mean']:.1f} ({low:.1f} to {high:.1f}), "
            f"{row['ratings']} ratings"
        )
    alpha = found["agreement"]["alpha"]
    shared = found["agreement"]["shared"]
    said = "no output has two raters" if alpha is None else f"alpha {alpha:.2f}"
    print(f"agreement {said}, {shared} outputs rated by several")
    for name in (people.REVIEW, "report.html", "report.json", people.CORRECTIONS):
        if (out / name).exists():
            print(f"{'wrote':<9} {out / name}")
