"""Parts the evaluation's tests share: sentences, a corpus split, a recipe, a tiny model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from korpu.artifact import Artifact, File, Result, commit
from korpu.config import register
from korpu.schema import Recipe
from tests.eval.parts import AZ, DIRECTION, UZ


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """The smoke experiment's recipe, as the front door composes it."""
    from hydra import compose, initialize_config_dir

    from korpu.config import CONFIGS, recipe_of

    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        composed = compose("evaluate", ["experiment=smoke"])
        return recipe_of(composed)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A random model with a genuine tokenizer; its outputs end at many different lengths."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    from korpu.nllb import tokens

    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer = tokens.train_tokenizer(AZ + UZ, 300, list(DIRECTION), folder)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        init_std=0.5,
        dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
    )
    model = M2M100ForConditionalGeneration(config).eval()
    with torch.no_grad():
        model.model.shared.weight[config.eos_token_id] *= 2  # so that sentences do end
    return model, tokenizer


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Artifact]:
    """Make a `prepare` artifact whose test and train splits have the given rows."""

    def make(rows: Sequence[dict[str, Any]], train: Sequence[dict[str, Any]] = ()) -> Artifact:
        import polars as pl

        folder = tmp_path / "prepare"
        folder.mkdir(exist_ok=True)
        plain = {
            "src_lang": "azj_Latn",
            "tgt_lang": "uzn_Latn",
            "origin": "newsroom",
            "section": "hava",
            "synthetic_side": None,
            "published": None,
        }
        full, seen = (
            [{"id": f"{i:016x}", **plain, **row} for i, row in enumerate(given)]
            for given in (rows, train)
        )
        schema = dict.fromkeys(
            ("id", "src_lang", "tgt_lang", "src", "tgt", "origin", "section"), pl.String
        ) | {"synthetic_side": pl.String, "document": pl.String, "published": pl.String}
        pl.DataFrame(full, schema=schema).write_parquet(folder / "test.parquet")
        pl.DataFrame(seen, schema=schema).write_parquet(folder / "train.parquet")
        return commit(
            folder,
            stage="prepare",
            key="p" * 64,
            config={},
            inputs=[],
            result=Result(
                files=(File("test.parquet", rows=len(full)), File("train.parquet", rows=len(seen)))
            ),
            started=0.0,
        )

    return make
