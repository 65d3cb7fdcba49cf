"""The systems a recipe can be asked to translate with: copy, base, adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from korpu.artifact import Artifact
from korpu.errors import UsageError
from korpu.schema import Recipe

SYSTEMS = ("copy", "base", "adapter")


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
    before adaptation, ``adapter`` the same with the recipe's adapter on it. Raises ``UsageError``
    for another name, for a language the tokenizer does not know, or for a missing model.
    """
    if name == "copy":
        return _copy
    if name not in SYSTEMS:
        raise UsageError(
            f"evaluate.systems: unknown system {name!r}; use one of {', '.join(SYSTEMS)}"
        )
    from korpu.nllb import loading, tokens

    where, revision = base_of(recipe, inputs)
    if name == "adapter":
        if "train" not in inputs:
            raise UsageError("the system adapter needs a trained adapter; make it with korpu train")
        model: Any = loading.load_trained(where, inputs["train"].directory, device, revision)
    else:
        model = loading.load_model(where, device=device, revision=revision)
    tokenizer = tokens.load_tokenizer(where, revision=revision)

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


def _copy(
    texts: Sequence[str],
    direction: tuple[str, str],  # noqa: ARG001 - a system's own signature
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    if progress:
        progress(len(texts))
    return list(texts)


def base_of(recipe: Recipe, inputs: Mapping[str, Artifact]) -> tuple[str, str | None]:
    """Where the base model is, and its revision: the `base` stage's, a directory, or a hub id.

    Raises ``UsageError`` where the recipe names none.
    """
    if "base" in inputs:
        return str(inputs["base"].file("model")), None
    if recipe.model.weights == "local" and recipe.model.path:
        return recipe.model.path, None
    if recipe.model.weights == "hub" and recipe.model.hub_id:
        return recipe.model.hub_id, recipe.model.revision
    raise UsageError(
        f"model.weights={recipe.model.weights} names no model; set model.path or model.hub_id"
    )


def device_of(recipe: Recipe) -> str:
    """``cuda`` where the recipe leaves the choice and there is one; also sets torch's threads."""
    import torch

    if recipe.runtime.threads:
        torch.set_num_threads(recipe.runtime.threads)
    if recipe.runtime.device != "auto":
        return recipe.runtime.device
    return "cuda" if torch.cuda.is_available() else "cpu"
