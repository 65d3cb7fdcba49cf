"""Validation apart from the step: the evaluator's decoder and normalised chrF++ on dev pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval.decoding import translate
from eval.metrics import chrf_pp
from korpu.languages import direction
from korpu.schema import Decode
from train.corpus import Pair
from train.ranks import Ranks


def score(
    model: Any,
    tokenizer: Any,
    dev: Mapping[str, Sequence[Pair]],
    decode: Decode,
    max_length: int,
    ranks: Ranks,
) -> dict[str, float]:
    """chrF++ (0–100, normalised, greedy) by name; leaves torch's generators alone.

    A name ends in its direction: ``azj_Latn-uzn_Latn``, ``ntrex eng_Latn-azj_Latn``. Every rank
    translates its share and knows all scores.
    """
    from dataclasses import replace

    import torch

    greedy = replace(decode, beam=1, no_repeat_ngram=0)
    found = {}
    state = torch.get_rng_state()
    for name, pairs in dev.items():
        source, target = direction(name.rpartition(" ")[2])
        own = ranks.share(list(range(len(pairs))))
        texts = [pairs[n].src for n in own]
        done = translate(model, tokenizer, texts, (source, target), greedy, max_length)
        hypotheses = [""] * len(pairs)
        for part in ranks.gathered(list(zip(own, done, strict=True))):
            for number, hypothesis in part:
                hypotheses[number] = hypothesis
        references = [pair.tgt for pair in pairs]
        found[name] = round(chrf_pp(hypotheses, references, True, target), 4)
    torch.set_rng_state(state)
    return found
