"""A published bundle as a system: the model that other services load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from korpu import bundle as bundles
from korpu.errors import UsageError
from korpu.schema import Bundle, Recipe

if TYPE_CHECKING:
    from eval.load import Translate


def system(name: str, bundle: Bundle, recipe: Recipe, device: str) -> Translate:
    """The bundle's ``hf`` or ``ct2-…`` folder, decoded as the recipe says.

    Raises ``UsageError`` where the bundle has no such folder or CTranslate2 is not installed,
    ``SaysNo`` where its model is not what was published or cannot be loaded.
    """
    from eval.decoding import by_ctranslate2, translate
    from korpu.nllb import ctranslate, loading, tokens

    home, length = Path(bundle.path), recipe.model.max_length
    folder = home / bundle.format
    if not folder.is_dir():
        there = sorted(path.name for path in home.glob("*") if path.name.startswith(("hf", "ct2-")))
        raise UsageError(
            f"evaluate.bundles.{name}: {home} has no {bundle.format}; it has "
            f"{', '.join(there) or 'no model'}"
        )
    bundles.verify(home, parts=("hf", bundle.format))
    tokenizer = tokens.load_tokenizer(home / "hf")
    if bundle.format == "hf":
        model = loading.load_model(folder, device)

        def by_torch(
            texts: Sequence[str],
            direction: tuple[str, str],
            progress: Callable[[int], None] | None = None,
        ) -> list[str]:
            return translate(model, tokenizer, texts, direction, recipe.decode, length, progress)

        return by_torch
    ctranslate.require(f"the system {name}", "leave it out of evaluate.systems")
    threads = ctranslate.threads_of(recipe.runtime.threads)
    kind = bundle.format.removeprefix("ct2-")
    translator = ctranslate.load(folder, device, kind, threads)

    def run(
        texts: Sequence[str],
        direction: tuple[str, str],
        progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        return by_ctranslate2(
            translator, tokenizer, texts, direction, recipe.decode, length, progress
        )

    return run
