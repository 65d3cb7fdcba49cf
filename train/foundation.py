"""A base that nothing is learned in: a given model cut to a vocabulary, or one with random weights.

Both are saved as the base of scratch is, so that training, evaluation and release take their model
from one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import torch

from eval.load import given
from korpu import log
from korpu.artifact import Artifact, File, Result
from korpu.errors import SaysNo
from korpu.nllb import loading, orthography, survival, tokens, trimming
from korpu.schema import Recipe
from train import corpus, models

OURS = ("azj_Latn", "uzn_Latn")
MAP = "vocabulary.json"
PROVEN = 32  # texts a language that the cut model is compared on with the whole one


def drawn(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """The recipe's shape with random weights, for measuring without a download.

    Its vocabulary is learned from the corpus; with ``vocabulary=full`` the table has
    ``vocabulary_size`` rows all the same, those without a token being random too.
    """
    rows = corpus.of(inputs["prepare"], "train", _pairs([*OURS, *recipe.model.pivots]))
    tokenizer = models.vocabulary(rows, recipe.model, out / "work" / "tokenizer")
    full = recipe.model.vocabulary == "full"
    torch.manual_seed(recipe.seed)
    size = recipe.model.vocabulary_size if full else len(tokenizer)
    model = models.from_scratch(recipe.model, size).eval()
    models.save(model, tokenizer, out)
    stats = {
        "base": {"weights": "random"},
        "tokens": len(tokenizer),
        "rows": size,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    return Result((File("model"), File(orthography.NAME)), stats)


def cut(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """The given model with the tokens that the corpus' az, uz and pivot sides use, and its proof.

    Leaves ``model/`` and ``vocabulary.json`` (the old id of each row). Raises ``SaysNo`` where the
    cut model is not equal to the whole one on text inside the vocabulary.
    """
    where, origin = given(recipe)
    tokenizer = survival.settled(tokens.load_tokenizer(where), recipe.model.orthography)
    languages = list(dict.fromkeys([*OURS, *recipe.model.pivots]))
    train, dev = (_sides(inputs, name, languages) for name in ("train", "dev"))
    read = {code: tokens.written(tokenizer, texts, code) for code, texts in train.items()}
    kept = trimming.keep(
        tokenizer,
        (text for texts in read.values() for text in texts),
        languages,
        least=recipe.model.vocabulary_least,
    )
    model = loading.load_model(where)
    log.say(f"  keeping {len(kept)} of {model.config.vocab_size} rows for {', '.join(languages)}")
    small, small_tokenizer, mapping = trimming.trim(model, tokenizer, kept)
    compared = {
        code: _inside(tokenizer, mapping, [*dev[code], *train[code]], code) for code in languages
    }
    proof = trimming.check((model, tokenizer), (small, small_tokenizer), mapping, compared)
    unseen = {
        code: trimming.outside(
            tokenizer, small_tokenizer, mapping, tokens.written(tokenizer, texts, code)
        )
        for code, texts in dev.items()
    }
    models.save(small, small_tokenizer, out)
    trimming.save_map(mapping, out / MAP)
    stats = {
        "base": origin,
        "vocabulary": {
            "languages": languages,
            "least": recipe.model.vocabulary_least,
            "map_sha256": mapping.sha256,
            "rows_before": mapping.old_size,
            "rows": len(mapping.kept),
            "parameters_before": sum(p.numel() for p in model.parameters()),
            "parameters": sum(p.numel() for p in small.parameters()),
            "proof": asdict(proof),
            "dev": {
                code: {**asdict(found), "rate": found.rate, "longer": found.longer}
                for code, found in unseen.items()
            },
        },
    }
    return Result((File("model"), File(orthography.NAME), File(MAP)), stats)


def _sides(
    inputs: Mapping[str, Artifact], split: str, languages: Sequence[str]
) -> dict[str, list[str]]:
    """Distinct texts of a split by language, in the order of the file."""
    found: dict[str, dict[str, None]] = {code: {} for code in languages}
    for row in corpus.of(inputs["prepare"], split, _pairs(languages)):
        for side in ("src", "tgt"):
            if (code := row[f"{side}_lang"]) in found:
                found[code][row[side]] = None
    return {code: list(texts) for code, texts in found.items()}


def _pairs(languages: Sequence[str]) -> list[str]:
    """Every pair that a corpus may have of them, named once: a corpus has it in one order."""
    return [f"{one}-{other}" for one, other in combinations(languages, 2)]


def _inside(
    tokenizer: Any, mapping: trimming.Map, texts: Sequence[str], language: str
) -> list[str]:
    """The first texts whose tokens are all kept: those of dev, then those of train."""
    found: list[str] = []
    for text in texts:
        if mapping.to_new(tokens.encode(tokenizer, [text], language)[0]) is not None:
            found.append(text)
        if len(found) == PROVEN:
            break
    if texts and not found:
        raise SaysNo(
            f"no text of {language} is inside the kept vocabulary; lower model.vocabulary_least"
        )
    return found
