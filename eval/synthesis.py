"""`korpu evaluate synthesize=…`: text that people wrote and a model's translation of it, as pairs.

For back-translation the machine's side is the source (``side=src``, the default), for distillation
the target (``side=tgt``). The file is read again by ``source.files``, and every row says which side
is the machine's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.bitext import folders
from data_prep.text.versions import versions
from eval import monolingual, synthetic
from eval.load import Translate, device_of, given, load_system
from eval.synthetic import PAIRS, Asked
from korpu import artifact, languages, log, stages
from korpu.artifact import Artifact, Result
from korpu.config import key_config, key_of
from korpu.errors import SaysNo, Stopped, UsageError
from korpu.schema import Recipe

VERSION = 1
SYSTEMS = ("base", "adapter")
ARTICLES, CORPUS = "articles", "corpus"  # inputs by name: of this recipe's collect and prepare


def synthesize_action(recipe: Recipe, value: str, **options: str) -> None:
    """Translate ``value`` and leave ``synthetic.parquet``, ``rejected.parquet`` and a manifest.

    ``value`` is a path (see ``monolingual.sentences``), ``articles`` or ``corpus``. Options are
    ``direction`` (of the translation: from what people wrote), ``system`` (adapter or base) and
    ``side``. Raises ``UsageError`` for a wrong option or an input that is not made yet, ``SaysNo``
    where no translation is kept.
    """
    asked = _asked(value, options)
    inputs = _inputs(recipe, asked)
    paths, content = _given(asked, inputs)
    config = _config(recipe, asked, content, inputs)
    key = key_of("synthesize", VERSION, config, [made.content for made in inputs.values()])
    place = Path(recipe.runtime.outputs) / "synthesize" / f"{recipe.name}-{key[:8]}"
    out = Path(recipe.out) if recipe.out else place
    started = time.time()
    with artifact.locked(out):
        made = artifact.load(out)
        if made and made.key != key:
            raise UsageError(f"{out} holds another result; name an empty directory in out=")
        if made is None:
            log.say(f"synthesize: {out}")
            made = artifact.commit(
                out, stage="synthesize", key=key, config=config, inputs=inputs.values(),
                result=_run(recipe, asked, inputs, paths, out), started=started,
            )  # fmt: skip
    _tell(made)


def _asked(value: str, options: Mapping[str, str]) -> Asked:
    if "direction" not in options:
        raise UsageError(
            "synthesize needs direction=SOURCE-TARGET: from the language that people wrote"
        )
    system, side = options.get("system", "adapter"), options.get("side", "src")
    for name, given_, known in (("system", system, SYSTEMS), ("side", side, monolingual.SIDES)):
        if given_ not in known:
            raise UsageError(f"{name} must be {' or '.join(known)}, not {given_!r}")
    if not value.strip():
        raise UsageError("synthesize has no value; name a file, articles, or corpus")
    return Asked(value.strip(), languages.direction(options["direction"]), system, side)


def _inputs(recipe: Recipe, asked: Asked) -> dict[str, Artifact]:
    """The artifacts that are needed, by stage."""
    wanted = {ARTICLES: ["collect"], CORPUS: ["prepare"]}.get(asked.value, [])
    wanted += ["base"] * stages.applies("base", recipe) + ["train"] * (asked.system == "adapter")
    planned = stages.plan(recipe, "train")
    found = {}
    for name in wanted:
        made = planned[name].made
        if made is None or made.manifest.get("refused"):
            raise UsageError(
                f"synthesize needs the output of {name} for this recipe, which is not there; make "
                f"it with `korpu {planned[name].stage.command}` and the same overrides"
            )
        found[name] = made
    return found


def _given(asked: Asked, inputs: Mapping[str, Artifact]) -> tuple[list[Path], str]:
    """The files to read, and the digest of what is in them."""
    if asked.value == ARTICLES:
        return [inputs["collect"].file("articles.parquet")], inputs["collect"].content
    if asked.value == CORPUS:
        names = ["-".join(asked.direction)]
        return folders.files(inputs["prepare"], "train", names), inputs["prepare"].content
    path = Path(asked.value)
    if not path.exists():
        raise UsageError(f"synthesize: there is no file {path}; name one, {ARTICLES} or {CORPUS}")
    return [path], artifact.sha256(path)


def _config(
    recipe: Recipe, asked: Asked, content: str, inputs: Mapping[str, Artifact]
) -> dict[str, Any]:
    rules = recipe.prepare.filter
    return {
        "input": content,
        "direction": "-".join(asked.direction),
        "system": asked.system,
        "side": asked.side,
        **key_config(recipe, ("model", "decode")),
        "weights": {n: made.key for n, made in inputs.items() if n in ("base", "train")}
        or given(recipe)[1],
        "filter": {
            "min_characters": rules.min_characters,
            "max_characters": rules.max_characters,
            "max_ratio": rules.max_ratio,
        },
        "text": versions(),
    }


def _run(
    recipe: Recipe, asked: Asked, inputs: Mapping[str, Artifact], paths: Sequence[Path], out: Path
) -> Result:
    def load() -> Translate:
        return load_system(asked.system, recipe, inputs, device_of(recipe))

    with log.stage("synthesize", "evaluate", out):
        try:
            return synthetic.run(asked, load, recipe.prepare.filter, paths, out)
        except Stopped as stopped:
            artifact.write_json(
                out / artifact.RESUMABLE,
                {"stage": "synthesize", "signal": stopped.signal_name, "resume": "run it again"},
            )
            raise


def _tell(made: Artifact) -> None:
    if made.manifest.get("refused"):
        raise SaysNo(f"{made.manifest['refused']} ({made.directory})")
    told = ", ".join(f"{name} {count}" for name, count in made.stats["rejected"].items())
    print(f"sentences  {made.stats['sentences']}")
    print(f"kept       {made.stats['kept']}{f' (left out: {told})' if told else ''}")
    print(f"synthetic  {made.directory / PAIRS}")
