"""The one decoder: validation, evaluation and release translate through it.

What is typed in another orthography or script is read in the canonical one, as a bundle's service
does. Sources are sorted by length and batched by a token budget, so that little of a batch is
padding; order is restored. Long input is split (``eval.pieces``), never cut. The target language is
forced per call and never stored in a config, where it would send the other direction off-target.

What finds a translation's tokens is a ``Search``: the model itself through PyTorch here, or
CTranslate2 (``korpu.nllb.ctranslate``). All around it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from eval.pieces import joined, pieces
from korpu.schema import Decode, Recipe

VERSION = 2  # raised when the same model, source and settings would give another translation
# Encoded rows, longest first, and the target code's id → their token ids after the code, in order.
Search = Callable[[Sequence[list[int]], int], Iterable[list[int]]]


def settings(recipe: Recipe) -> dict[str, Any]:
    """All of a recipe that decides how its models are decoded, as a report says it."""
    return {
        **asdict(recipe.decode),
        "version": VERSION,
        "max_length": recipe.model.max_length,
        "backend": recipe.evaluate.backend,
        "compute_type": recipe.evaluate.compute_type,
    }


def translate(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    direction: tuple[str, str],
    decode: Decode,
    max_length: int,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Translate texts of one direction with an M2M100 model, PEFT-wrapped or not.

    ``direction`` is (source, target) as FLORES codes. A source of more than ``max_length`` tokens
    is translated in pieces and rejoined. Generation stops at ``decode.max_new_tokens``: give it
    room for the translation of a source of ``max_length``. Paragraphs (lines) stay paragraphs.
    Empty text gives empty text. Equal pieces are translated once. ``progress`` is called with the
    count of pieces done.

    With ``beam`` 1 the tokens are those of ``model.generate``; other rows of the batch change
    logits by float noise only. Beam search stops early, as CTranslate2 does.
    Raises ``UsageError`` where the tokenizer does not know one of the two codes.
    """
    import torch

    base = model.get_base_model() if hasattr(model, "get_base_model") else model

    def search(rows: Sequence[list[int]], code: int) -> Iterator[list[int]]:
        for batch in batches([len(ids) for ids in rows], decode.batch_tokens // decode.beam):
            yield from generated(base, [rows[index] for index in batch], code, decode)

    training = base.training
    base.eval()
    try:
        with torch.inference_mode():
            return through(search, tokenizer, texts, direction, max_length, progress)
    finally:
        base.train(training)


def by_ctranslate2(
    translator: Any,
    tokenizer: Any,
    texts: Sequence[str],
    direction: tuple[str, str],
    decode: Decode,
    max_length: int,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """``translate`` with a model of CTranslate2 in the place of PyTorch's."""
    from korpu.nllb import ctranslate

    def search(rows: Sequence[list[int]], code: int) -> Iterator[list[int]]:
        return ctranslate.search(translator, tokenizer, rows, code, decode)

    return through(search, tokenizer, texts, direction, max_length, progress)


def through(
    search: Search,
    tokenizer: Any,
    texts: Sequence[str],
    direction: tuple[str, str],
    max_length: int,
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """``translate`` with any search: normalise, split, encode, sort; then decode, restore, join.

    ``progress`` is called with the count of pieces done, none of them twice.
    """
    from data_prep.text.canonical import canonical
    from korpu.nllb import tokens

    source, target = direction
    tokens.check_languages(tokenizer, [source, target])
    code = tokens.code_id(tokenizer, target)

    def measure(parts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in tokens.encode(tokenizer, list(parts), source)]

    read = ["".join(f"{canonical(line, source)}\n" for line in t.splitlines()) for t in texts]
    split = [pieces(text, source, measure, max_length) for text in read]
    distinct = list(dict.fromkeys(part for text in split for para in text for part in para))
    encoded = tokens.encode(tokenizer, distinct, source)
    order = sorted(range(len(encoded)), key=lambda index: (-len(encoded[index]), index))
    translations: dict[str, str] = {}
    for index, ids in zip(order, search([encoded[i] for i in order], code), strict=True):
        translations[distinct[index]] = " ".join(tokens.decode(tokenizer, [ids], target)[0].split())
        if progress:
            progress(1)
    return [
        joined([[translations[part] for part in paragraph] for paragraph in text]) for text in split
    ]


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices in batches of similar length, longest first, rows × longest ≤ budget (in tokens).

    A row longer than the budget is a batch of its own. Longest first, so that a batch that does
    not fit the memory fails at once and not after an hour.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    at = 0
    while at < len(order):
        rows = max(1, budget // max(1, lengths[order[at]]))
        yield order[at : at + rows]
        at += rows


def generated(model: Any, rows: list[list[int]], code: int, decode: Decode) -> list[list[int]]:
    """Token ids after the language code for each encoded row, without the end of sentence."""
    import torch

    pad, longest = model.config.pad_token_id, max(map(len, rows))
    device = next(model.parameters()).device
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=device)
    mask = torch.tensor(
        [[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device
    )
    if decode.beam == 1 and decode.no_repeat_ngram == 0:
        return _greedy(model, ids, mask, code, decode.max_new_tokens)
    return _search(model, ids, mask, code, decode)


def _greedy(model: Any, ids: Any, mask: Any, code: int, max_new_tokens: int) -> list[list[int]]:
    """Argmax decoding that drops finished rows from the batch, unlike ``generate``.

    The decoder is fed `</s> code` in one step, which is what forcing the code amounts to;
    ``max_new_tokens`` counts the code, as in ``generate``.
    """
    import torch

    end, rows = model.config.eos_token_id, ids.shape[0]
    states = model.get_encoder()(input_ids=ids, attention_mask=mask)
    start = [model.config.decoder_start_token_id, code]
    step = torch.tensor([start] * rows, device=ids.device)
    new = torch.full((rows, max_new_tokens - 1), end, device=ids.device)
    alive = torch.arange(rows, device=ids.device)  # rows of `new` still in the batch
    cache = None
    for position in range(max_new_tokens - 1):
        out = model(
            encoder_outputs=states,
            attention_mask=mask,
            decoder_input_ids=step,
            past_key_values=cache,
            use_cache=True,
        )
        cache = out.past_key_values
        chosen = out.logits[:, -1].argmax(-1)
        open_ = torch.ones_like(chosen, dtype=torch.bool)
        if position:
            open_ = new[alive, position - 1] != end
        new[alive[open_], position] = chosen[open_]
        open_ &= chosen != end
        left = int(open_.sum())
        if left == 0:
            break
        step = chosen[:, None]
        if left <= 0.8 * len(alive):  # a smaller batch is worth the copy of the cache
            keep = open_.nonzero()[:, 0]
            alive, mask, step = alive[keep], mask[keep], step[keep]
            states.last_hidden_state = states.last_hidden_state[keep]
            cache.batch_select_indices(keep)
    return [_until(row, end) for row in new.tolist()]


def _search(model: Any, ids: Any, mask: Any, code: int, decode: Decode) -> list[list[int]]:
    """Beam search by ``generate``, shielded from whatever the model's own config would add."""
    from transformers import GenerationConfig

    config = model.config
    own = model.generation_config
    model.generation_config = GenerationConfig(
        decoder_start_token_id=config.decoder_start_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
    )
    try:
        found = model.generate(
            input_ids=ids,
            attention_mask=mask,
            forced_bos_token_id=code,
            num_beams=decode.beam,
            do_sample=False,
            max_new_tokens=decode.max_new_tokens,
            no_repeat_ngram_size=decode.no_repeat_ngram,
            **(
                {"length_penalty": decode.length_penalty, "early_stopping": True}
                if decode.beam > 1
                else {}
            ),
        )
    finally:
        model.generation_config = own
    return [_until(row[2:], config.eos_token_id) for row in found.tolist()]


def _until(row: list[int], end: int) -> list[int]:
    return row[: row.index(end)] if end in row else row
