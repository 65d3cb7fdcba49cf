"""Is what ships what was evaluated? adapter = merged = hf/ = each ct2-*, on dev sentences.

The adapter and the merged model translate here, through the evaluator's decoder; the bundle's
formats translate in clean processes that cannot import this project (``parity_worker``).
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu import log
from korpu.errors import SaysNo, UsageError
from korpu.languages import direction
from korpu.schema import Release

WORKER = Path(__file__).with_name("parity_worker.py")
SMOKE = 8  # sentences in each direction that ship as smoke.jsonl
EXACT = ("merged", "hf")  # held to float32's share
Translate = Callable[[Sequence[str], tuple[str, str]], list[str]]


@dataclass(frozen=True)
class Line:
    """A dev sentence in one direction; ``pieces`` is its text as the model is given it."""

    direction: str
    text: str
    reference: str
    pieces: tuple[str, ...]
    may_redistribute: bool


def lines(
    dev: Path, directions: Iterable[str], count: int, measure: Callable[..., list[int]], limit: int
) -> list[Line]:
    """The first ``count`` dev sentences (by id) of each direction, cut into pieces that fit.

    ``measure(texts, language)`` counts tokens. Raises ``SaysNo`` for a direction without any.
    """
    import polars as pl

    from data_prep.text.canonical import canonical
    from eval.pieces import pieces

    rows = pl.read_parquet(dev).sort("id").to_dicts()
    found: list[Line] = []
    for name in directions:
        source, target = direction(name)
        before = len(found)
        for row in rows:
            there = row["src_lang"], row["tgt_lang"]
            if len(found) - before == count:
                break
            if there == (source, target):
                text, reference = row["src"], row["tgt"]
            elif there == (target, source):
                text, reference = row["tgt"], row["src"]
            else:
                continue
            text = canonical(text, source)  # clean processes are given what a service reads
            split = pieces(text, source, lambda parts, code=source: measure(parts, code), limit)  # type: ignore[misc]
            flat = tuple(piece for paragraph in split for piece in paragraph)
            found.append(Line(name, text, reference, flat, bool(row["may_redistribute"])))
        if len(found) == before:
            raise SaysNo(
                f"parity cannot be measured: {dev} has no sentence of {name}; "
                "give the corpus a dev split (prepare.split)"
            )
    return found


def here(translate: Translate, measured: Sequence[Line]) -> list[list[str]]:
    """Each line's pieces translated in this process."""
    out: list[list[str]] = [[] for _ in measured]
    for name in dict.fromkeys(line.direction for line in measured):
        indices = [i for i, line in enumerate(measured) if line.direction == name]
        texts = [piece for i in indices for piece in measured[i].pieces]
        found = iter(translate(texts, direction(name)))
        for i in indices:
            out[i] = [next(found) for _ in measured[i].pieces]
    return out


def elsewhere(
    bundle: Path, formats: Sequence[str], measured: Sequence[Line], threads: int
) -> dict[str, dict[str, Any]]:
    """Each format's translations (of each line's pieces), from one clean process.

    Raises ``SaysNo`` with the process's last line where a format cannot be loaded or translate.
    """
    items = [
        {"source": source, "target": target, "text": piece}
        for line in measured
        for source, target in [direction(line.direction)]
        for piece in line.pieces
    ]
    paths = sysconfig.get_paths()
    site = ":".join(dict.fromkeys([paths["purelib"], paths["platlib"]]))
    command = [sys.executable, "-I", "-S", str(WORKER), site, str(bundle), ",".join(formats)]
    done = subprocess.run(
        command,
        input=json.dumps({"threads": threads, "items": items}),
        capture_output=True,
        text=True,
        cwd=bundle,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no word"]
        raise SaysNo(
            f"{', '.join(formats)} of the bundle cannot be used without this project: {said[-1]}"
        )
    answer = json.loads(done.stdout)
    results: dict[str, dict[str, Any]] = {}
    for form, found in answer["formats"].items():
        translations = iter(found.pop("translations"))
        found["pieces"] = [[next(translations) for _ in line.pieces] for line in measured]
        results[form] = {**found, "versions": answer["versions"]}
    return results


def threshold(what: str, release: Release) -> float:
    """The least share of identical translations for `merged`, `hf` or `ct2-…`.

    Raises ``UsageError`` where an export has none configured.
    """
    if what in EXACT:
        return release.parity_identical.get("float32", 1.0)
    export = what.removeprefix("ct2-")
    if export not in release.parity_identical:
        raise UsageError(
            f"release.parity_identical.{export} has no value; say how many translations must be "
            "identical"
        )
    return release.parity_identical[export]


def compare(
    measured: Sequence[Line],
    adapter: Sequence[Sequence[str]],
    found: Mapping[str, Mapping[str, Any]],
    release: Release,
) -> dict[str, Any]:
    """The report ``parity.json``: a row per format and direction, and the sentences of what failed.

    ``found`` has, per format, its pieces' translations, device, compute type and versions.
    """
    from eval.metrics import chrf_pp

    rows: list[dict[str, Any]] = []
    failures: list[str] = []
    for what, result in found.items():
        for name in dict.fromkeys(line.direction for line in measured):
            indices = [i for i, line in enumerate(measured) if line.direction == name]
            expected = [" ".join(adapter[i]) for i in indices]
            given = [" ".join(result["pieces"][i]) for i in indices]
            references = [measured[i].reference for i in indices]
            target = direction(name)[1]
            identical = sum(a == b for a, b in zip(expected, given, strict=True)) / len(indices)
            ours = chrf_pp(expected, references, True, target)
            theirs = chrf_pp(given, references, True, target)
            least = threshold(what, release)
            row = {
                "format": what,
                "direction": name,
                "n": len(indices),
                "identical": round(identical, 4),
                "at_least": least,
                "chrf_pp": round(theirs, 4),
                "chrf_pp_adapter": round(ours, 4),
                "chrf_pp_difference": round(theirs - ours, 4),
                "at_most": release.parity_chrf_pp,
                "device": result["device"],
                "compute_type": result["compute_type"],
                "clean_process": bool(result["versions"]),
                "versions": result["versions"],
            }
            rows.append(row)
            if identical < least:
                failures.append(
                    f"{what} gives {identical:.1%} identical translations on {name} (n "
                    f"{len(indices)}), where {least:.1%} are asked for"
                )
            if abs(theirs - ours) > release.parity_chrf_pp:
                failures.append(
                    f"{what} is {theirs - ours:+.2f} chrF++ off the evaluated model on {name}, "
                    f"where {release.parity_chrf_pp:g} is allowed"
                )
    shares, broken = _smoke_shares(smoke(measured, adapter), measured, adapter, found)
    return {
        "rows": rows,
        "smoke_identical": shares,
        "not_measured": [
            f"{name} (not exported)" for name in ("float16", "bfloat16", "int8_float16")
        ]
        + ["other devices than cpu", "other CPU instruction sets (they change int8)"],
        "failures": failures + broken,
    }


def smoke(measured: Sequence[Line], adapter: Sequence[Sequence[str]]) -> list[int]:
    """Which lines ship as ``smoke.jsonl``: of one piece, and free to be passed on."""
    chosen: list[int] = []
    for name in dict.fromkeys(line.direction for line in measured):
        fit = [
            i
            for i, line in enumerate(measured)
            if line.direction == name and line.may_redistribute and len(line.pieces) == 1
        ]
        if not fit:
            log.say(f"  no dev sentence of {name} may be passed on: none in smoke.jsonl")
        chosen += fit[:SMOKE]
    return [i for i in chosen if adapter[i] != [""]]


def _smoke_shares(
    chosen: Sequence[int],
    measured: Sequence[Line],
    adapter: Sequence[Sequence[str]],
    found: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, float | None], list[str]]:
    """The share of smoke sentences each format gives unchanged; float32 must give them all."""
    shares: dict[str, float | None] = {}
    broken = []
    for what, result in found.items():
        wrong = [i for i in chosen if list(result["pieces"][i]) != list(adapter[i])]
        shares[what] = round(1 - len(wrong) / len(chosen), 4) if chosen else None
        if wrong and (what in EXACT or what == "ct2-float32"):
            broken.append(
                f"{what} translates the smoke sentence {measured[wrong[0]].text!r} otherwise than "
                "the evaluated model"
            )
    return shares, broken


def smoke_rows(
    chosen: Sequence[int], measured: Sequence[Line], adapter: Sequence[Sequence[str]]
) -> list[dict[str, str]]:
    """The rows of ``smoke.jsonl``: the evaluated model's translations."""
    return [
        {
            "source": direction(measured[i].direction)[0],
            "target": direction(measured[i].direction)[1],
            "text": measured[i].pieces[0],
            "translation": adapter[i][0],
        }
        for i in chosen
    ]
