"""The systems a recipe can be asked to translate with, and their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from eval import outside, shipped
from korpu.artifact import Artifact
from korpu.config import SYSTEMS
from korpu.errors import UsageError
from korpu.schema import Recipe


class Translate(Protocol):
    """Texts of one direction (source, target) to their translations, in order."""

    def __call__(
        self,
        texts: Sequence[str],
        direction: tuple[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> list[str]: ...


def load_system(
    name: str, recipe: Recipe, inputs: Mapping[str, Artifact], device: str
) -> Translate:
    """A system by its name in ``evaluate.systems``.

    ``copy`` gives the source back, the baseline that cognate languages need. ``base`` is the model
    before adaptation, ``adapter`` the same with the recipe's adapter on it, ``merged`` with the
    adapter folded into its weights. A name of ``evaluate.external`` is a program, one of
    ``evaluate.bundles`` a published model. Raises
    ``UsageError`` for another name, for a language the tokenizer does not know, or for a missing
    model.
    """
    if name == "copy":
        return _copy
    if name in recipe.evaluate.external:
        return outside.system(name, recipe.evaluate.external[name])
    if name in recipe.evaluate.bundles:
        return shipped.system(name, recipe.evaluate.bundles[name], recipe, device)
    if name not in SYSTEMS:
        raise UsageError(
            f"evaluate.systems: unknown system {name!r}; use one of {', '.join(SYSTEMS)}"
        )
    if recipe.evaluate.backend == "ctranslate2":
        return _by_ctranslate2(name, recipe, inputs, device)
    model, tokenizer = model_of(name, recipe, inputs, device)

    def run(
        texts: Sequence[str],
        direction: tuple[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        from eval.decoding import translate

        return translate(
            model, tokenizer, texts, direction, recipe.decode, recipe.model.max_length, progress
        )

    return run


def model_of(
    name: str, recipe: Recipe, inputs: Mapping[str, Artifact], device: str
) -> tuple[Any, Any]:
    """The model behind a system's name (PEFT on the base for ``adapter``), and its tokenizer."""
    from korpu.nllb import loading
    from korpu.nllb.merging import merge

    where = base_of(recipe, inputs)
    if name in ("adapter", "merged"):
        if "train" not in inputs:
            raise UsageError(f"the system {name} needs a trained adapter; make it with korpu train")
        model: Any = loading.load_trained(where, inputs["train"].directory, device)
        model = merge(model) if name == "merged" else model
    else:
        model = loading.load_model(where, device)
    return model, tokenizer_of(recipe, inputs, where)


def _by_ctranslate2(
    name: str, recipe: Recipe, inputs: Mapping[str, Artifact], device: str
) -> Translate:
    """The same model converted (once, kept under the outputs) and searched by CTranslate2."""
    from eval.converted import converted
    from korpu.nllb import ctranslate

    settings = recipe.evaluate
    ctranslate.require("evaluate.backend=ctranslate2", "use evaluate.backend=hf")
    directory = converted(
        Path(recipe.runtime.outputs) / "converted",
        weights_of(name, recipe, inputs),
        lambda: model_of(name, recipe, inputs, "cpu"),
        recipe.decode,
    )
    threads = ctranslate.threads_of(recipe.runtime.threads)
    translator = ctranslate.load(directory, device, settings.compute_type, threads)
    tokenizer = tokenizer_of(recipe, inputs, base_of(recipe, inputs))

    def run(
        texts: Sequence[str],
        direction: tuple[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        from eval.decoding import by_ctranslate2

        length = recipe.model.max_length
        return by_ctranslate2(
            translator, tokenizer, texts, direction, recipe.decode, length, progress
        )

    return run


def weights_of(name: str, recipe: Recipe, inputs: Mapping[str, Artifact]) -> dict[str, Any]:
    """What a system's weights and tokenizer are, by content, however they came here."""
    base = inputs["base"].content if "base" in inputs else given(recipe)[1]
    if "base" not in inputs and recipe.model.weights == "local":
        from korpu.nllb import loading

        base = loading.fingerprint(base_of(recipe, inputs))
    trained = inputs["train"].content if "train" in inputs else recipe.model.orthography
    found = {"base": base, "with": trained, "adapted": name != "base"}
    return found | ({"merged": True} if name == "merged" else {})  # other in the last bits


def identity_of(
    name: str, recipe: Recipe, inputs: Mapping[str, Artifact], device: str
) -> dict[str, Any] | None:
    """All that decides a system's translation of a source; None where nothing is worth keeping.

    How much is translated at once is not in it: it changes logits by float noise only.
    """
    if name == "copy" or name in (*recipe.evaluate.external, *recipe.evaluate.bundles):
        return None
    from data_prep.text.versions import versions
    from eval.decoding import VERSION

    decode = {k: v for k, v in asdict(recipe.decode).items() if k != "batch_tokens"}
    settings = recipe.evaluate
    return {
        "weights": weights_of(name, recipe, inputs),
        "decode": {**decode, "max_length": recipe.model.max_length},
        "backend": [settings.backend, settings.compute_type, device.partition(":")[0]],
        "decoder": VERSION,
        # of what the model reads: canonical, and split into sentences where it is long
        "text": {k: v for k, v in versions().items() if k != "identify"},
    }


def _copy(
    texts: Sequence[str],
    direction: tuple[str, str],  # noqa: ARG001 - a system's own signature
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    if progress:
        progress(len(texts))
    return list(texts)


def base_of(recipe: Recipe, inputs: Mapping[str, Artifact]) -> Path:
    """Where the model below an adapter is: the `base` stage's, a directory, or the hub's files.

    Raises ``UsageError`` where the recipe names none, ``SaysNo`` where a file of the hub's has
    changed since it was first used.
    """
    if "base" in inputs:
        return inputs["base"].file("model")
    return given(recipe)[0]


def given(recipe: Recipe) -> tuple[Path, dict[str, Any]]:
    """The model that the recipe names, and where it is from as plain values (hub: with hashes)."""
    from korpu.nllb import hub

    model = recipe.model
    if model.weights == "local" and model.path:
        return Path(model.path), {"weights": "local"}
    if model.weights == "hub" and model.hub_id:
        found = hub.fetched(model.hub_id, model.revision, Path(recipe.runtime.outputs) / "models")
        origin = {"hub_id": model.hub_id, "revision": found.commit, "files": dict(found.files)}
        return found.directory, {"weights": "hub", **origin}
    raise UsageError(
        f"model.weights={model.weights} names no model; set model.path or model.hub_id"
    )


def tokenizer_of(recipe: Recipe, inputs: Mapping[str, Artifact], base: Path) -> Any:
    """The tokenizer of the model at ``base``, in the orthography that it was trained in.

    ``train`` left that orthography; before there is one, it is what ``model.orthography`` says.
    """
    from korpu.nllb import orthography, survival, tokens

    tokenizer = tokens.load_tokenizer(base)
    if "train" in inputs:
        text = inputs["train"].file(orthography.NAME).read_text("utf-8")
        return tokens.write_in(tokenizer, orthography.from_json(text))
    return survival.settled(tokenizer, recipe.model.orthography)


def device_of(recipe: Recipe) -> str:
    """``cuda`` where the recipe leaves the choice and there is one; also sets torch's threads."""
    import torch

    if recipe.runtime.threads:
        torch.set_num_threads(recipe.runtime.threads)
    if recipe.runtime.device != "auto":
        return recipe.runtime.device
    return "cuda" if torch.cuda.is_available() else "cpu"
