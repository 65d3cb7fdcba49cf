"""Adapters compared: chrF++ on what is learned and on what was known, for equal target tokens.

On a recipe whose corpus and base are made. The rate of each kind is chosen among as many values,
by dev chrF++ of the first seed; then each kind is trained with every seed. Trials are kept in a
file, so that a comparison that was stopped goes on.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from korpu import bench, log
from korpu.artifact import Artifact
from korpu.errors import DONE, UsageError
from korpu.schema import Recipe

HELP = """korpu bench train what=adapters [word=value …] [override of the recipe …]

  experiment=newsroom   a recipe whose corpus and base are there (`korpu pipeline` makes them)
  kinds=lora,dora,oft,none             none: full fine-tuning; rslora
  seeds=1,2,3           of the adapter and of its batches; the base is the same
  steps=300             each of train.target_tokens, the same batches for every kind
  tries=150             steps by which a rate is chosen
  validate=128          dev lines a direction, once at the end: the rates are chosen by them
  tests=news,old_desks  of evaluate.test and the benchmarks      lines=200   of each, a direction
  results=FILE          trials are kept there (JSON lines) and not run again
  markdown=true

A word with a dot is an override of the recipe, such as base.steps=1000.
"""
WORDS = {
    "experiment": "newsroom", "kinds": "lora,dora,oft,none", "seeds": "1,2,3",
    "steps": "300", "tries": "150", "validate": "128", "tests": "news,old_desks", "lines": "200",
    "results": "", "markdown": "false",
}  # fmt: skip
RATES = {
    "lora": (1e-3, 3e-3, 6e-3),
    "rslora": (3e-4, 1e-3, 3e-3),
    "dora": (1e-3, 3e-3, 6e-3),
    "oft": (1e-3, 3e-3, 1e-2),
    "none": (3e-4, 1e-3, 3e-3),
}
"""As many for each kind: the recipe's own for LoRA and its neighbours, lower where all weights
learn, higher where rotations do."""


@dataclass(frozen=True)
class Trial:
    """One training: its kind, rate and seed, on which base; chrF++ by `test set|direction`."""

    kind: str
    lr: float
    seed: int
    steps: int
    base: str  # key
    tokens: int = 0
    trained: int = 0  # parameters
    seconds: float = 0.0  # of the processor, training alone
    dev: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> tuple[Any, ...]:
        return self.kind, self.lr, self.seed, self.steps, self.base


def main(words: list[str]) -> int:
    """Run the comparison and print its tables; returns 0. Raises ``UsageError`` for its words."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    dotted = [word for word in words if "." in word.partition("=")[0]]
    plain = [word for word in words if word not in dotted]
    given = bench.parsed("korpu bench train what=adapters", plain, WORDS)
    steps, tries = bench.number(given, "steps"), bench.number(given, "tries")
    markdown = bench.truth(given, "markdown")
    lines, validate = bench.number(given, "lines"), bench.number(given, "validate")
    kinds, seeds = given["kinds"].split(","), _seeds(given["seeds"])
    for kind in kinds:
        if kind not in RATES:
            raise UsageError(f"kinds must be some of {', '.join(RATES)}, not {kind!r}")
    overrides = [f"experiment={given['experiment']}", *dotted]
    overrides += [f"train.validate_lines={validate}"]
    where = bench.machine("torch", "peft")
    base = base_key(overrides)
    keeping = Path(given["results"]) if given["results"] else None
    tests = tuple(given["tests"].split(","))
    known = Kept(keeping, lambda asked: apart(overrides, asked, tests, lines))

    def trial(kind: str, lr: float, seed: int, length: int) -> Trial:
        return known(Trial(kind, lr, seed, length, base))

    report(where, given, *compared(kinds, seeds, steps, tries, trial), markdown)
    return DONE


class Kept:
    """Trials by name: from a file where they are in it, else run and written there."""

    def __init__(self, path: Path | None, run: Callable[[Trial], Trial]) -> None:
        self._path, self._run = path, run
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
        self._known = {one.name: one for one in (Trial(**json.loads(line)) for line in lines)}

    def __call__(self, asked: Trial) -> Trial:
        """The trial with its results."""
        if (known := self._known.get(asked.name)) is not None:
            return known
        found = self._known[asked.name] = self._run(asked)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(found)) + "\n")
        log.say(f"  {found.kind}, lr {found.lr:g}, seed {found.seed}: dev {found.dev:.2f}, "
                f"{found.seconds:.0f} CPU s")  # fmt: skip
        return found


Runs = dict[str, list[Trial]]


def compared(
    kinds: Sequence[str],
    seeds: Sequence[int],
    steps: int,
    tries: int,
    trial: Callable[[str, float, int, int], Trial],
) -> tuple[Runs, Runs, Trial]:
    """Each kind's runs at its best rate, by seed; its tries of the rates; and the base alone."""
    tried = {kind: [trial(kind, lr, seeds[0], tries) for lr in RATES[kind]] for kind in kinds}
    best = {kind: max(found, key=lambda one: one.dev).lr for kind, found in tried.items()}
    runs: Runs = {kind: [] for kind in kinds}
    for seed in seeds:  # interleaved
        for kind in kinds:
            runs[kind].append(trial(kind, best[kind], seed, steps))
    return runs, tried, trial("base", 0.0, seeds[0], 0)


def _seeds(word: str) -> list[int]:
    found = word.split(",")
    if not all(seed.isdecimal() for seed in found):
        raise UsageError(f"seeds must be whole numbers with commas, not {word!r}")
    return [int(seed) for seed in found]


def composed(overrides: Sequence[str]) -> Recipe:
    """The recipe of these overrides; raises ``UsageError`` for what Hydra refuses."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from korpu import config

    config.register()
    try:
        with hydra.initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
            return config.recipe_of(hydra.compose("train", overrides=list(overrides)))
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(config.explain(error)) from error


def inputs_of(recipe: Recipe) -> dict[str, Artifact]:
    """The recipe's corpus and base. Raises ``UsageError`` naming what makes them."""
    from korpu import stages

    planned = stages.plan(recipe, "base")
    for name in ("prepare", "base"):
        if planned[name].made is None:
            raise UsageError(
                f"the comparison needs the recipe's {name}, which is not there; make it with "
                "`korpu pipeline` or `korpu train` and the same overrides"
            )
    return {name: made for name, place in planned.items() if (made := place.made)}


def base_key(overrides: Sequence[str]) -> str:
    """The key of the base that the recipe has."""
    return inputs_of(composed(overrides))["base"].key[:16]


def apart(overrides: Sequence[str], asked: Trial, tests: tuple[str, ...], lines: int) -> Trial:
    """A trial in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with bench.apart(said, run, list(overrides), asked, tests, lines, folder) as process:
            return process.result()


def run(
    overrides: Sequence[str], asked: Trial, tests: tuple[str, ...], lines: int, folder: str
) -> Trial:
    """Train as the stage does, and score; ``base`` is not trained."""
    import torch

    from eval.load import base_of
    from korpu.nllb import loading, survival, tokens
    from train import adapter, corpus, loop
    from train.ranks import Ranks
    from train.stage import prepare_torch
    from train.task import task_of

    recipe = composed([*overrides, *(["adapter=" + asked.kind] if asked.kind in RATES else [])])
    n = asked.steps
    section = replace(recipe.train, lr=asked.lr, steps=n, validate_every=n, save_every=n)
    recipe = replace(recipe, seed=asked.seed, train=section)
    inputs = inputs_of(composed(overrides))
    device = prepare_torch(recipe.runtime)
    source = base_of(recipe, inputs)
    tokenizer = survival.settled(tokens.load_tokenizer(source), recipe.model.orthography)
    model = loading.load_model(source, device)
    if asked.kind not in RATES:
        return replace(asked, scores=_scores(recipe, inputs, model, tokenizer, tests, lines))
    torch.manual_seed(asked.seed)
    adapted = adapter.attach(model, recipe.adapter)
    rows = corpus.of(inputs["prepare"], "train", recipe.train.directions)
    new, old = corpus.rows_to_learn(rows, recipe.train, "train")
    task, counts = task_of(
        recipe, "train", inputs, adapted, tokenizer, new, old, Ranks(device=device)
    )
    began = time.process_time()
    metrics = Path(folder) / "metrics.jsonl"
    end = loop.fit(task, Path(folder) / "state", metrics)
    return replace(
        asked,
        tokens=end.tokens,
        trained=counts["parameters_trained"],
        seconds=time.process_time() - began,
        dev=statistics.mean(_validated(metrics)),
        scores=_scores(recipe, inputs, adapted, tokenizer, tests, lines),
    )


def _validated(metrics: Path) -> list[float]:
    """chrF++ of each direction at the end."""
    from train import tracking

    records = [record for record in tracking.read(metrics)[0] if "chrf_pp" in record]
    return list(records[-1]["chrf_pp"].values())


def _scores(
    recipe: Recipe,
    inputs: Mapping[str, Artifact],
    model: Any,
    tokenizer: Any,
    tests: Sequence[str],
    lines: int,
) -> dict[str, float]:
    """Normalised chrF++ of each test set and direction; of the copied source, as ``copy:…``."""
    from eval import metrics, testset
    from eval.decoding import translate
    from korpu.languages import direction

    found = {}
    sides = testset.sides(recipe, inputs)[0]
    for name in tests:
        if name not in {side.benchmark for side in sides}:
            there = ", ".join(dict.fromkeys(side.benchmark for side in sides))
            raise UsageError(f"tests: the recipe has no test set {name!r}; it has {there}")
    for side in sides:
        if side.benchmark not in tests:
            continue
        segments = side.segments[:lines]
        refs, codes = [s.ref for s in segments], direction(side.direction)
        texts = [s.src for s in segments]
        hyps = translate(model, tokenizer, texts, codes, recipe.decode, recipe.model.max_length)
        name = f"{side.benchmark}|{side.direction}"
        found[name] = metrics.chrf_pp(hyps, refs, True, side.target)
        found[f"copy:{name}"] = metrics.chrf_pp(texts, refs, True, side.target)
    return found


def report(
    where: str,
    given: Mapping[str, str],
    runs: Mapping[str, Sequence[Trial]],
    tried: Mapping[str, Sequence[Trial]],
    before: Trial,
    markdown: bool,
) -> None:
    """Print the scores, mean and standard deviation over seeds, and what the rates gave on dev."""
    names = [name for name in before.scores if not name.startswith("copy:")]
    sets = list(dict.fromkeys(name.partition("|")[0] for name in names))
    tokens = {one.tokens for found in runs.values() for one in found}
    print(
        f"{where}\nexperiment={given['experiment']}, {given['steps']} steps, "
        f"{min(tokens)}–{max(tokens)} target tokens, base {before.base}; normalised chrF++, mean "
        f"of the directions; {len(given['seeds'].split(','))} seeds: mean ± standard deviation\n"
    )

    def mean(scores: Mapping[str, float], which: str, prefix: str = "") -> float:
        return statistics.mean(scores[prefix + n] for n in names if n.startswith(f"{which}|"))

    rows = [
        ["copy", "", "", *(f"{mean(before.scores, which, 'copy:'):.1f}" for which in sets), ""],
        ["base", "", "", *(f"{mean(before.scores, which):.1f}" for which in sets), ""],
    ]
    for kind, found in runs.items():
        cells = [_spread(mean(one.scores, which) for one in found) for which in sets]
        rate = statistics.median(one.tokens / one.seconds for one in found)
        rows.append([kind, f"{found[0].trained:,}", f"{found[0].lr:g}", *cells, f"{rate:,.0f}"])
    head = ["", "trained", "lr", *sets, "target tokens/CPU s"]
    print(bench.table(head, rows, markdown), end="\n\n")
    chosen = [
        [kind, *(f"{one.lr:g}: {one.dev:.1f}" for one in found)] for kind, found in tried.items()
    ]
    print(
        bench.table(
            [f"dev chrF++ by lr, first seed, {given['tries']} steps", "", "", ""], chosen, markdown
        )
    )


def _spread(values: Iterable[float]) -> str:
    found = list(values)
    if len(found) < 2:
        return f"{found[0]:.1f}"
    return f"{statistics.mean(found):.1f} ± {statistics.stdev(found):.1f}"
