"""The filters against people's translations and against planted faults.

`python -m data_prep.bitext.filters.measure` prints two tables: how many pairs that people wrote
each rule rejects, and how many planted faults are found. The pairs lie in ../shared/data (or
$KORPU_SHARED).
"""

from __future__ import annotations

import os
import random
import sys
import time
import zlib
from collections import Counter
from functools import cache, partial
from pathlib import Path

import polars as pl
import yaml

from data_prep.bitext import filter
from data_prep.bitext.filters import shape
from data_prep.bitext.filters.faults import FAULTS, Pair
from data_prep.text.normalize import normalize
from korpu import bench, config, schema
from korpu.errors import DONE, UsageError

HELP = """python -m data_prep.bitext.filters.measure [word=value …]

  what=alarms     how many of the pairs that people wrote each rule rejects
       faults     how many faults, planted in NTREX and X-WMT, are found
       speed      pairs per CPU-second of each rule over the interface strings
       rejected   the pairs that a rule rejects (rule=NAME of=ntrex|xwmt|ui)
  seed=1          of the planted faults
  markdown=true   Markdown tables
"""
WORDS = {
    "what": "", "seed": "1", "markdown": "false", "rule": "numbers", "of": "ntrex",
}  # fmt: skip
SETS = ("ntrex", "xwmt", "ui")
CODES = ("azj_Latn", "uzn_Latn")
NEIGHBOURS = {
    "tur_Latn": "language", "tuk_Latn": "language", "eng_Latn": "language", "kaz_Cyrl": "script",
    "kir_Cyrl": "script", "rus_Cyrl": "script",
}  # fmt: skip


def main(words: list[str]) -> int:
    """Print the tables; returns 0. Raises ``UsageError`` for its words or without the data."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("python -m data_prep.bitext.filters.measure", words, WORDS)
    seed, markdown = bench.number(given, "seed"), bench.truth(given, "markdown")
    if given["what"] not in ("", "alarms", "faults", "speed", "rejected"):
        raise UsageError(f"what must be alarms, faults, speed or rejected, not {given['what']!r}")
    if given["what"] == "rejected":
        return _list(given["of"], given["rule"])
    if given["what"] in ("", "alarms"):
        print(_alarms(markdown))
    if given["what"] in ("", "faults"):
        print(_faults(seed, markdown))
    if given["what"] == "speed":
        print(_speed(markdown))
    return DONE


@cache
def rules() -> schema.Filter:
    """The default recipe's, with the built-in list of words."""
    recipe = yaml.safe_load((config.CONFIGS / "recipe.yaml").read_text("utf-8"))
    return schema.Filter(**{**recipe["prepare"]["filter"], "profanity": "korpu"})


def shared() -> Path:
    """The shared data. Raises ``UsageError`` where they are not."""
    folder = Path(os.environ.get("KORPU_SHARED", bench.CHECKOUT.parent / "shared"))
    found = next((f for f in (folder, folder / "data") if (f / "ntrex").is_dir()), None)
    if found is None:
        raise UsageError(f"{folder} has no folder ntrex; set KORPU_SHARED to the shared data")
    return found


def lines(name: str, code: str, *, raw: bool = False) -> list[str]:
    """A set's lines in a language, normalised unless ``raw``."""
    text = (shared() / name / f"{name}.{code}").read_text("utf-8")
    found = text.removesuffix("\n").split("\n")
    return found if raw else [normalize(line, code) for line in found]


def pairs(name: str) -> list[Pair]:
    """A set's Azerbaijani and Uzbek lines."""
    return list(zip(*(lines(name, code) for code in CODES), strict=True))


def frame(rows: list[Pair]) -> pl.DataFrame:
    """As ``filter.apply`` takes it."""
    return pl.DataFrame(rows, schema={"src": pl.String, "tgt": pl.String}, orient="row").select(
        "src", "tgt",
        src_lang=pl.lit(CODES[0]), tgt_lang=pl.lit(CODES[1]), trusted=pl.lit(False),
        reason=pl.lit(None, dtype=pl.String),
    )  # fmt: skip


def _alarms(markdown: bool) -> str:
    sets = {name: pairs(name) for name in SETS}
    found = {name: Counter(_reasons(rows)) for name, rows in sets.items()}
    table = [
        (rule, *(_share(found[name][rule], len(sets[name])) for name in SETS))
        for rule in filter.RULES
    ]
    kept = [_share(found[name][None], len(sets[name])) for name in SETS]
    head = ("rejected", *(f"{name} (n={len(rows)})" for name, rows in sets.items()))
    return bench.table(head, [*table, ("kept", *kept)], markdown) + "\n"


def _speed(markdown: bool) -> str:
    rows = frame(pairs("ui"))
    shapes = shape.expressions(rules())
    tried: dict[str, filter.Rule] = {
        ", ".join(shapes): lambda rows: rows.select(pl.any_horizontal(shapes.values())).to_series(),
        **filter.batched(rules()),
    }

    def timed(rule: filter.Rule) -> float:
        began = time.process_time()
        rule(rows)
        return time.process_time() - began

    runs = bench.repeat(3, {name: partial(timed, rule) for name, rule in tried.items()})
    spent = {name: bench.spread(seconds)[0] for name, seconds in runs.items()}
    whole = sum(spent.values())
    table = [(n, f"{rows.height / s:,.0f}", f"{s / whole:.0%}") for n, s in spent.items()]
    last = ("all", f"{rows.height / whole:,.0f}", "100%")
    return bench.table(("rule", "pairs/CPU-s", "of the time"), [*table, last], markdown) + "\n"


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.2%})" if count else "0"


def _reasons(rows: list[Pair]) -> list[str | None]:
    return filter.apply(frame(rows), rules())["reason"].to_list()


def _faults(seed: int, markdown: bool) -> str:
    human = [*pairs("ntrex"), *pairs("xwmt")]
    good = [pair for pair, reason in zip(human, _reasons(human), strict=True) if reason is None]
    planted: dict[str, tuple[str, list[Pair]]] = {}
    for name, (rule, fault) in FAULTS.items():
        chance = random.Random(zlib.crc32(name.encode()) + seed)
        made = [fault(*pair, chance.choice(good)[1], chance) for pair in good]
        planted[name] = rule, [pair for pair in made if pair is not None]
    sources = lines("ntrex", CODES[0])
    for code, rule in NEIGHBOURS.items():
        other = list(zip(sources, lines("ntrex", code), strict=True))
        planted[f"target in {code}"] = rule, other
    table = []
    for name, (rule, rows) in planted.items():
        reasons = Counter(_reasons(rows))
        n = len(rows)
        caught = n - reasons[None]
        most = ", ".join(f"{r} {c}" for r, c in reasons.most_common() if r not in (None, rule))
        table.append((name, str(n), rule or "–", _part(reasons[rule] if rule else 0, n),
                      _part(caught, n), most or "–"))  # fmt: skip
    head = ("fault", "n", "meant for", "by it", "by any rule", "by others")
    return bench.table(head, table, markdown) + "\n"


def _part(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"


def _list(name: str, rule: str) -> int:
    if name not in SETS or rule not in filter.RULES:
        raise UsageError(f"of is {', '.join(SETS)}; rule is {', '.join(filter.RULES)}")
    rows = pairs(name)
    for (src, tgt), reason in zip(rows, _reasons(rows), strict=True):
        if reason == rule:
            print(f"{src}\n    {tgt}")
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
