"""Directions that a run does not train, scored at every validation: what it forgets.

A monitored direction never chooses weights or ends a run; a line warns where it loses more than
``forget`` points of chrF++.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_prep.benchmarks import lines
from korpu.errors import UsageError
from korpu.languages import language
from korpu.nllb import tokens
from korpu.schema import Train
from train.corpus import Pair


def sentences(run: Train, section: str, tokenizer: Any) -> dict[str, list[Pair]]:
    """The first lines of each entry, both ways, by ``NAME SOURCE-TARGET``.

    Raises ``UsageError`` for files that are not line-aligned, and a language that the tokenizer
    does not know.
    """
    found = {}
    for name, one in run.monitor.items():
        where = f"{section}.monitor.{name}"
        codes = language(one.src_lang).flores, language(one.tgt_lang).flores
        tokens.check_languages(tokenizer, codes)
        sides = lines(one.src, where), lines(one.tgt, where)
        if len(sides[0]) != len(sides[1]) or one.lines < 1 or not sides[0]:
            raise UsageError(
                f"{where}: {one.src} has {len(sides[0])} lines, {one.tgt} {len(sides[1])}, and "
                f"{one.lines} are asked for; name line-aligned files with text"
            )
        pairs = list(zip(*(side[: one.lines] for side in sides), strict=True))
        for source, target in ((0, 1), (1, 0)):
            direction = f"{codes[source]}-{codes[target]}"
            found[f"{name} {direction}"] = [
                Pair(f"{name}:{number}", pair[source], pair[target])
                for number, pair in enumerate(pairs, 1)
            ]
    return found


def changes(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """Points since the start, by name."""
    return {name: round(now[name] - before[name], 4) for name in before if name in now}


def warning(run: Train, section: str, changed: Mapping[str, float]) -> str | None:
    """A sentence for the directions that lost too much; None where none did."""
    lost = {name: points for name, points in changed.items() if points < -run.forget}
    if not lost:
        return None
    named = ", ".join(f"{name} {points:+.1f}" for name, points in lost.items())
    return (
        f"{section} forgets: {named} chrF++ since the start, more than {section}.forget="
        f"{run.forget}; raise {section}.mix_share, or lower {section}.lr"
    )
