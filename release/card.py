"""``README.md`` of a bundle: a model card whose every number was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval import figures
from korpu.languages import language
from korpu.schema import Recipe
from release.licence import terms

KINDS = {"spbleu": "bleu", "chrf_pp": "chrf"}  # metric to what model hubs call it, where they do


def card(
    recipe: Recipe,
    contract: Mapping[str, Any],
    origins: Sequence[Mapping[str, Any]],
    parity: Mapping[str, Any],
    revision: str | None,
    licence: Mapping[str, Any] | None = None,
) -> str:
    """The card as Markdown with a YAML front matter that model hubs read (``model-index``).

    ``revision`` is the commit of a base from the hub, ``licence`` what ``licence.settle`` gave.
    """
    return "\n".join(
        [
            "---",
            _front(recipe, contract).rstrip(),
            "---",
            f"# {contract['name']} {contract['version']}",
            "",
            _summary(recipe, contract),
            "",
            "## Use",
            "",
            _use(contract),
            "",
            "## Scores",
            "",
            _scores(contract["metrics"]),
            "",
            "## What ships is what was measured",
            "",
            _parity(parity),
            "",
            "## Base, data and licences",
            "",
            _data(recipe, contract, origins, revision),
            *_override(licence or {}),
            "",
            "## Limits",
            "",
            _limits(recipe, contract),
            "",
        ]
    )


def _front(recipe: Recipe, contract: Mapping[str, Any]) -> str:
    import yaml

    licences = terms(contract["licence"])
    front: dict[str, Any] = {
        "language": [row["iso"] for row in contract["languages"].values()],
        "license": contract["licence"].lower() if len(licences) == 1 else "other",
        "pipeline_tag": "translation",
        "library_name": "transformers",
        "tags": ["translation", "nllb", "ctranslate2", "korpu"],
    }
    if len(licences) > 1:
        front["license_name"] = contract["licence"]
    if recipe.model.hub_id:
        front["base_model"] = recipe.model.hub_id
    front["model-index"] = [{"name": contract["name"], "results": _results(contract["metrics"])}]
    return str(yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000))


def _results(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in metrics:
        if row["system"] == "adapter":
            kind = KINDS.get(row["metric"], row["metric"])
            name = figures.name(row["metric"]) + (" (normalised)" if row["normalised"] else "")
            found.setdefault((row["benchmark"], row["direction"]), []).append(
                {"type": kind, "name": name, "value": round(row["value"], 2)}
                | {"args": {"signature": row["signature"], "n": row["n"]}}
            )
    return [
        {
            "task": {"type": "translation", "name": f"Translation {name}"},
            "dataset": {"name": benchmark, "type": benchmark, "args": name},
            "metrics": rows,
        }
        for (benchmark, name), rows in found.items()
    ]


def _summary(recipe: Recipe, contract: Mapping[str, Any]) -> str:
    ways = ", ".join(
        f"{language(d['source']).name} → {language(d['target']).name}"
        for d in contract["directions"]
    )
    text = f"A translation model of the NLLB architecture: {ways}."
    if recipe.newsroom.serve:
        text += (
            " It was trained on a **synthetic newsroom**, sentences generated from templates about "
            "invented events: a narrow domain that shows the machinery. It does not translate real "
            "news, and its scores say nothing about how it would."
        )
    return text


def _use(contract: Mapping[str, Any]) -> str:
    tested = ", ".join(f"{name} {version}" for name, version in contract["tested"].items())
    return (
        "`translation.json` says all that a program needs: how text is normalised and split, the "
        "language tokens, the decoding settings, the limits. Folders: "
        f"{', '.join(f'`{form}/`' for form in contract['formats'])}. `smoke.jsonl` holds sentences "
        f"with the translations to expect. Tested with {tested}."
    )


def _scores(metrics: Sequence[Mapping[str, Any]]) -> str:
    """A table of normalised scores with intervals; raw ones and signatures below it.

    A metric that another program computes has one score, which is raw.
    """
    rows: dict[tuple[str, str, str], dict[str, Mapping[str, Any]]] = {}
    for row in figures.decided_by(metrics):
        key = row["benchmark"], row["direction"], row["metric"]
        rows.setdefault(key, {})[row["system"]] = row
    raw = {
        (row["benchmark"], row["direction"], row["metric"]): figures.value(row)
        for row in metrics
        if row["system"] == "adapter" and not row["normalised"]
    }
    lines = [
        "| test set | direction | n | metric | copied source | base | this model | raw |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (benchmark, name, metric), systems in rows.items():
        if "adapter" not in systems:
            continue
        own = systems["adapter"]
        copied, base = (
            figures.value(systems[s]) if s in systems else "not measured" for s in ("copy", "base")
        )
        lines.append(
            f"| {benchmark} | {name} | {own['n']} | {figures.name(metric)} | {copied} "
            f"| {base} | **{figures.value(own)}** ({figures.interval(own)}) "
            f"| {raw.get((benchmark, name, metric), '')} |"
        )
    signatures = dict.fromkeys(row["signature"] for row in metrics)
    lines += [
        "",
        "Scores on normalised text with 95% intervals; `raw` is without normalising. The languages "
        "are cognate, so copying the source is a baseline. Signatures:",
        "",
        *(f"- `{signature}`" for signature in signatures),
    ]
    return "\n".join(lines)


def _parity(parity: Mapping[str, Any]) -> str:
    lines = [
        "Each format against the evaluated model on dev sentences, `hf` and `ct2-*` in a process "
        "without the project that made it:",
        "",
        "| format | direction | n | identical | chrF++ difference | device, compute type |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['format']} | {row['direction']} | {row['n']} | {row['identical']:.1%} "
        f"| {row['chrf_pp_difference']:+.2f} | {row['device']}, {row['compute_type']} |"
        for row in parity["rows"]
    ]
    return "\n".join([*lines, "", f"Not measured: {'; '.join(parity['not_measured'])}."])


def _data(
    recipe: Recipe,
    contract: Mapping[str, Any],
    origins: Sequence[Mapping[str, Any]],
    revision: str | None,
) -> str:
    model = recipe.model
    cut = ", cut to the tokens that its languages use" * (model.vocabulary != "full")
    base = {
        "random": f"random weights, for measuring only ({model.name})",
        "scratch": f"trained from scratch by the same recipe ({model.name})",
        "local": f"a local model ({model.name}){cut}",
        "hub": f"{model.hub_id}, revision {revision or 'not pinned'}{cut}",
    }[model.weights]
    lines = [
        f"Licence: **{contract['licence']}**. Base: {base}, {model.licence}.",
        "",
        "| origin of training pairs | licence | pairs | text may be passed on |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['origin']} | {row['licence']} | {row['rows']} "
        f"| {'yes' if row['may_redistribute'] else 'no'} |"
        for row in origins
    ]
    return "\n".join([*lines, "", "No training text ships with this model."])


def _override(licence: Mapping[str, Any]) -> list[str]:
    if "override" not in licence:
        return []
    override = licence["override"]
    rows = [f"- {row['what']}: {row['licence']}" for row in override["looser_than"]]
    return [
        "",
        f"**The licence {licence['name']} was set by whoever released this**, in place of "
        f"{override['of']}. The reason given: {override['reason']}",
        *(["", "It is looser than what these demand:", "", *rows] if rows else []),
    ]


def _limits(recipe: Recipe, contract: Mapping[str, Any]) -> str:
    ways = " and ".join(f"{d['source']} to {d['target']}" for d in contract["directions"])
    limits = [
        f"Only {ways}, in the register of its data; Cyrillic input is transliterated first.",
        f"At most {contract['input']['max_tokens']} tokens at once: longer text must be split into "
        "sentences first, each is translated without the others.",
        "It can invent, omit and misname. Numbers and names are not guaranteed; have a person read "
        "what is published.",
    ]
    if recipe.newsroom.serve:
        limits.insert(0, "Synthetic domain: use it to try the bundle, not to read news.")
    return "\n".join(f"- {limit}" for limit in limits)
