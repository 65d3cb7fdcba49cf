"""Validation apart from the step: the evaluator's decoder and normalised chrF++ on dev pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.decoding import translate
from eval.metrics import chrf_pp
from korpu.languages import direction
from korpu.schema import Decode
from train.corpus import Pair


def score(
    model: Any,
    tokenizer: Any,
    dev: Mapping[str, Sequence[Pair]],
    decode: Decode,
    max_length: int,
) -> dict[str, float]:
    """chrF++ (0–100, normalised, greedy) of each direction; leaves torch's generators alone."""
    from dataclasses import replace

    import torch

    greedy = replace(decode, beam=1, no_repeat_ngram=0)
    found = {}
    state = torch.get_rng_state()
    for name, pairs in dev.items():
        source, target = direction(name)
        texts = [pair.src for pair in pairs]
        hypotheses = translate(model, tokenizer, texts, (source, target), greedy, max_length)
        references = [pair.tgt for pair in pairs]
        found[name] = round(chrf_pp(hypotheses, references, True, target), 4)
    torch.set_rng_state(state)
    return found
