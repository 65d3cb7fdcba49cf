"""The adapter folded into the base: W + (α/r)·B·A, after which no PEFT is needed to load it."""

from __future__ import annotations

from typing import Any


def merge(model: Any) -> Any:
    """A PEFT model as a plain one, in place; the four embedding tables stay one tensor.

    A model that was tuned whole is one already.
    """
    from korpu.nllb.loading import check_tied

    if not hasattr(model, "merge_and_unload"):
        return model
    merged = model.merge_and_unload(safe_merge=True).eval()
    check_tied(merged, "the merged model")
    return merged
