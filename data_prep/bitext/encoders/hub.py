"""Any encoder that transformers can open: LaBSE, BGE-M3, E5, SONAR.

A directory (``encoder.path``) or a repository of the hub at a revision. Sentences go through the
network in tables of a fixed shape, sorted by length, so that the numbers of one do not depend on
those beside it; the order of the rows is that of the texts. On a GPU the weights are bfloat16, on
the CPU 32 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.bitext.vectors import Floats
from korpu import schema
from korpu.errors import UsageError

POOLINGS = ("cls", "mean", "pooler")
STEP = 32  # tokens; a table's width is a multiple
ON_CPU = 256  # tokens of a table on the CPU: greater ones are no faster there

Embed = Callable[[Sequence[str]], Floats]


def model(config: schema.Encoder) -> Callable[[str], Embed]:
    """A function of the language code to the embedding, (n, d) unit rows.

    The code reaches only tokenizers that mark the language (SONAR's). UsageError where the model
    is not there, cannot be opened, lacks weights, or does not know the language.
    """
    if config.pooling not in POOLINGS:
        raise UsageError(
            f"prepare.encoder.pooling is {config.pooling!r}; give {', '.join(POOLINGS)}"
        )
    if config.path is None and config.hub_id is None:
        raise UsageError("prepare.encoder has neither path nor hub_id; give one of them")
    if config.path is not None and not Path(config.path).is_dir():
        raise UsageError(
            f"prepare.encoder.path {config.path} is not a directory; give one with config.json, "
            "weights and a tokenizer"
        )
    source, local = config.path or str(config.hub_id), config.path is not None
    tokenizer, network = _open(source, config.revision, local, config.pooling == "pooler")

    def of(code: str) -> Embed:
        marked = hasattr(tokenizer, "src_lang")
        if marked and tokenizer.convert_tokens_to_ids(code) in (None, tokenizer.unk_token_id):
            raise UsageError(
                f"the tokenizer of {source} marks languages and has no mark for {code}; "
                "give another encoder"
            )

        def embed(texts: Sequence[str]) -> Floats:
            if marked:
                tokenizer.src_lang = code  # one tokenizer serves both sides
            return _embed(config, tokenizer, network, texts)

        return embed

    return of


@lru_cache(maxsize=2)
def _open(source: str, revision: str | None, local: bool, pooler: bool) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.models.m2m_100 import modeling_m2m_100 as m2m_100

    on_gpu = torch.cuda.is_available()
    named: dict[str, Any] = {"local_files_only": True} if local else {"revision": revision}
    try:
        settings = AutoConfig.from_pretrained(source, **named)
        tokenizer = AutoTokenizer.from_pretrained(source, **named)
        # SONAR's layout: the encoder alone, under its own names
        alone = "M2M100Encoder" in (getattr(settings, "architectures", None) or ())
        network, loaded = (m2m_100.M2M100Encoder if alone else AutoModel).from_pretrained(
            source,
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            output_loading_info=True,
            **named,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        raise UsageError(
            f"the encoder {source} cannot be opened ({said}); give prepare.encoder.path a "
            "directory with config.json, weights and a tokenizer"
        ) from error
    # transformers draws what it does not find at random and goes on
    missing = {name for name in loaded["missing_keys"] if pooler or not name.startswith("pooler.")}
    if missing:
        raise UsageError(
            f"the encoder {source} lacks {len(missing)} weights ({min(missing)}); give a complete "
            "model of the architecture that its config.json names"
        )
    if settings.is_encoder_decoder and hasattr(network, "get_encoder"):
        network = network.get_encoder()
    return tokenizer, network.eval().to("cuda" if on_gpu else "cpu")


def _embed(config: schema.Encoder, tokenizer: Any, network: Any, texts: Sequence[str]) -> Floats:
    import torch

    clean = [config.prefix + text.encode("utf-8", "replace").decode() for text in texts]
    if not clean:
        return np.zeros((0, int(network.config.hidden_size)), dtype=np.float32)
    tokens = tokenizer(clean, truncation=True, max_length=config.max_tokens)["input_ids"]
    budget = config.batch_tokens if network.device.type == "cuda" else ON_CPU
    rows: list[Floats | None] = [None] * len(clean)
    padding = tokenizer.pad_token_id or 0
    for members, height, width in tables([len(row) for row in tokens], budget):
        ids = torch.full((height, width), padding, dtype=torch.long)
        mask = torch.zeros((height, width), dtype=torch.long)
        mask[:, 0] = 1  # an attention over nothing is no number, in rows that nobody reads too
        for row, at in enumerate(members):
            ids[row, : len(tokens[at])] = torch.tensor(tokens[at])
            mask[row, : len(tokens[at])] = 1
        ids, mask = ids.to(network.device), mask.to(network.device)
        with torch.inference_mode():
            pooled = _pooled(network(input_ids=ids, attention_mask=mask), mask, config.pooling)
        unit = torch.nn.functional.normalize(pooled.float(), dim=1).cpu().numpy()
        for row, at in enumerate(members):
            rows[at] = unit[row]
    return np.stack([row for row in rows if row is not None])


def _pooled(output: Any, mask: Any, pooling: str) -> Any:
    if pooling == "pooler":
        return output.pooler_output
    states = output.last_hidden_state.float()
    if pooling == "cls":
        return states[:, 0]
    weights = mask.unsqueeze(-1).float()
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def tables(lengths: Sequence[int], budget: int) -> Iterator[tuple[list[int], int, int]]:
    """Row numbers, longest first, with the height and width of the table that holds them.

    Width is a multiple of ``STEP`` tokens; height follows from it alone, ``budget`` tokens at
    most (one row at least), so the last table of a width may have empty rows.
    """
    width_of = [max(1, -(-length // STEP)) * STEP for length in lengths]
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))
    at = 0
    while at < len(order):
        width = width_of[order[at]]
        height = max(1, budget // width)
        members = [row for row in order[at : at + height] if width_of[row] == width]
        yield members, height, width
        at += len(members)
