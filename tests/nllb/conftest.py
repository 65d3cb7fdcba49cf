"""A saved model of a few thousand parameters, with its tokenizer."""

import pytest

from korpu.nllb import tokens
from korpu.nllb.pieces import train_pieces

CODES = ["azj_Latn", "uzn_Latn"]
TEXTS = [
    "Bakıda hava günəşli olacaq, temperatur 25 dərəcəyə çatacaq.",
    "Toshkentda havo quyoshli boʻladi, harorat 25 darajaga yetadi.",
]


@pytest.fixture(scope="session")
def pieces():
    return train_pieces(TEXTS, 180)


@pytest.fixture(scope="session")
def whole(tmp_path_factory, pieces):
    """A model's directory as the library writes it today."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.set_num_threads(1)
    torch.manual_seed(1)
    tokenizer = tokens.build_tokenizer(pieces, CODES)
    directory = tmp_path_factory.mktemp("whole")
    config = M2M100Config(
        vocab_size=len(tokenizer) + 2,  # NLLB has two rows more than its tokenizer has tokens
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=64,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(directory)
    tokens.save_tokenizer(tokenizer, directory)
    return directory
