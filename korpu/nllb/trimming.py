"""The vocabulary cut to what some languages' text uses: fewer rows, the same numbers for the rest.

NLLB's 256,206 embedding rows serve 200 languages. ``keep`` (of ``vocabulary``) chooses the rows
that a corpus uses, ``trim`` cuts model and tokenizer to them, ``check`` proves that nothing else
has changed.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from korpu.artifact import write_atomically
from korpu.errors import SaysNo, UsageError
from korpu.nllb import loading, tokens
from korpu.nllb.vocabulary import batches, bpe, keep, letters

__all__ = ["Map", "Outside", "Proof", "check", "keep", "load_map", "outside", "save_map", "trim"]

SCHEMA = 1
_SPECIAL = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id")
_FEW = 8  # texts a forward pass of `check` has


@dataclass(frozen=True)
class Map:
    """Old ids and new ones: row ``new`` of the trimmed table is row ``kept[new]`` of the old.

    ``kept`` ascends, so the reserved tokens keep ids 0 to 3 and pieces keep their order.
    ``old_size``: rows of the untrimmed table.
    """

    kept: tuple[int, ...]
    old_size: int

    @cached_property
    def new(self) -> dict[int, int]:
        """Old id → new id, for what is kept."""
        return {old: new for new, old in enumerate(self.kept)}

    def to_new(self, ids: Sequence[int]) -> list[int] | None:
        """The ids in the trimmed vocabulary; None where one is not kept."""
        found = [self.new.get(token, -1) for token in ids]
        return None if -1 in found else found

    def to_old(self, ids: Sequence[int]) -> list[int]:
        return [self.kept[token] for token in ids]

    def json(self) -> str:
        value = {"schema": SCHEMA, "old_size": self.old_size, "kept": list(self.kept)}
        return json.dumps(value, separators=(",", ":")) + "\n"

    @property
    def sha256(self) -> str:
        """Of the file that ``save_map`` writes."""
        return hashlib.sha256(self.json().encode()).hexdigest()


@dataclass(frozen=True)
class Proof:
    """What ``check`` found equal, and on how much text. Differences are absolute, in float32."""

    texts: int
    texts_outside: int  # some untrimmed token is not kept, so there is nothing to compare
    tokens: int
    encoder_difference: float
    logits_difference: float
    logits_largest: float


@dataclass(frozen=True)
class Outside:
    """How texts fare in the trimmed vocabulary: counts of texts, tokens and ``<unk>``."""

    texts: int
    texts_outside: int  # at least one untrimmed token is not kept: written in smaller pieces
    tokens_before: int
    tokens_after: int
    unknown_before: int
    unknown_after: int

    @property
    def rate(self) -> float:
        """Share of the texts that are written in other tokens than before."""
        return self.texts_outside / self.texts if self.texts else 0.0

    @property
    def longer(self) -> float:
        """How many tokens more all texts have together: .01 is one in a hundred."""
        return self.tokens_after / self.tokens_before - 1 if self.tokens_before else 0.0


def trim(model: Any, tokenizer: Any, kept: Iterable[int]) -> tuple[Any, Any, Map]:
    """A model and a tokenizer of the kept rows alone, and the map; the given ones are untouched.

    The new model shares every tensor with the old one, except its table of embeddings: train one
    of the two, not both. Rows that the tokenizer has no token for (NLLB has some) go. Raises
    ``UsageError`` where a reserved token would go, or an id has no row.
    """
    loading.check_tied(model, "the model to trim")
    table = model.get_submodule(loading.TABLES[0]).weight
    mapping = Map(tuple(sorted(set(kept))), int(table.shape[0]))
    if not mapping.kept or mapping.kept[0] < 0 or mapping.kept[-1] >= mapping.old_size:
        raise UsageError(f"the ids to keep are not rows of the table, 0 to {mapping.old_size - 1}")
    for name in (*tokens.RESERVED, tokens.MASK):
        if tokenizer.convert_tokens_to_ids(name) not in mapping.new:
            raise UsageError(f"{name} is not among the ids to keep; choose them with keep()")
    return _trim_model(model, table, mapping), _trim_tokenizer(tokenizer, mapping), mapping


def save_map(mapping: Map, path: Path) -> None:
    """Write it whole or not at all; its sha256 is ``mapping.sha256``."""
    write_atomically(path, mapping.json())


def load_map(path: Path) -> Map:
    """Raises ``UsageError`` for a file that is no map."""
    try:
        value = json.loads(path.read_text("utf-8"))
        kept, size = tuple(map(int, value["kept"])), int(value["old_size"])
        if value["schema"] != SCHEMA:
            raise ValueError(f"schema {value['schema']}, not {SCHEMA}")
        if list(kept) != sorted(set(kept)) or not kept or kept[0] < 0 or kept[-1] >= size:
            raise ValueError("its ids do not ascend within the table")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a vocabulary map: {error}; trim again") from error
    return Map(kept, size)


def outside(tokenizer: Any, trimmed: Any, mapping: Map, texts: Iterable[str]) -> Outside:
    """How often the trimmed vocabulary writes texts (as they stand) differently; streams."""
    n = [0] * 6
    for batch in batches(texts, 1024):
        before, after = tokens.pieces(tokenizer, batch), tokens.pieces(trimmed, batch)
        for old, new in zip(before, after, strict=True):
            row = (
                1,
                mapping.to_new(old) is None,
                len(old),
                len(new),
                old.count(tokenizer.unk_token_id),
                new.count(trimmed.unk_token_id),
            )
            n = [total + more for total, more in zip(n, row, strict=True)]
    return Outside(*n)


def check(
    old: tuple[Any, Any],
    new: tuple[Any, Any],
    mapping: Map,
    texts: Mapping[str, Sequence[str]],
    *,
    tolerance: float = 1e-5,
) -> Proof:
    """Prove on ``texts`` (language → texts) that the trimmed (model, tokenizer) equals the old.

    The weights are equal to the bit, in the kept rows. For every text whose untrimmed tokens are
    all kept: the token ids map one to one, the encoder's
    outputs are equal to the bit, and the logits of the kept tokens differ by no more than
    ``tolerance`` of the largest logit (a matrix product of another width may add in another
    order). Each text is its own target, under the code of the next language. And every character
    of the languages' alphabets that the old tokenizer writes, the new one writes. Models in
    float32 and eval mode. Raises ``SaysNo`` otherwise, or where no text is inside the vocabulary.
    """
    _check_characters(old[1], new[1], list(texts))
    _check_weights(old[0], new[0], mapping)
    languages = list(texts)
    rows: list[tuple[list[int], list[int]]] = []
    left_out = count = 0
    for place, language in enumerate(languages):
        ids = tokens.encode(old[1], texts[language], language)
        found = tokens.encode(new[1], texts[language], language)
        target = tokens.code_id(old[1], languages[(place + 1) % len(languages)])
        for text, before, after in zip(texts[language], ids, found, strict=True):
            expected = mapping.to_new(before)
            if expected is None:
                left_out += 1
                continue
            if after != expected:
                raise SaysNo(
                    f"the trimmed tokenizer writes {text[:60]!r} in other tokens than the "
                    "untrimmed one; a piece that its merges need is not kept: choose with keep()"
                )
            count += len(before)
            rows.append((before, [old[1].eos_token_id, target, *before[1:-1]]))
    if not rows:
        raise SaysNo(f"none of {left_out} texts is inside the kept vocabulary; nothing is proven")
    rows.sort(key=lambda row: len(row[0]))
    encoder = logits = largest = 0.0
    for batch in batches(rows, _FEW):
        one, two, top = _differences(old[0], new[0], mapping, batch)
        encoder, logits, largest = max(encoder, one), max(logits, two), max(largest, top)
    if not (encoder == 0 and logits <= tolerance * max(1.0, largest)):
        raise SaysNo(
            f"the trimmed model differs from the untrimmed one: encoder outputs by {encoder:.3g}, "
            f"logits by {logits:.3g} of {largest:.3g}; it was not cut from this model's weights"
        )
    return Proof(len(rows) + left_out, left_out, count, encoder, logits, largest)


def _differences(
    old: Any, new: Any, mapping: Map, batch: Sequence[tuple[list[int], list[int]]]
) -> tuple[float, float, float]:
    """Largest absolute difference of encoder outputs and of logits, and the largest logit."""
    import torch

    def padded(rows: list[list[int]]) -> Any:
        width = max(map(len, rows))
        pad = int(old.config.pad_token_id)
        return torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])

    source, target = (padded([row[side] for row in batch]) for side in (0, 1))
    kept = torch.tensor(mapping.kept)
    place = torch.full((mapping.old_size,), -1)
    place[kept] = torch.arange(len(kept))
    real = source != old.config.pad_token_id
    results = []
    with torch.inference_mode():
        for model, ids, labels in ((old, source, target), (new, place[source], place[target])):
            results.append(
                model(
                    input_ids=ids.to(model.device),
                    attention_mask=real.to(model.device),
                    decoder_input_ids=labels.to(model.device),
                )
            )
        first, second = results
        there = target != old.config.pad_token_id
        logits = first.logits[:, :, kept][there]
        encoder = first.encoder_last_hidden_state[real] - second.encoder_last_hidden_state[real]
        return (
            float(encoder.abs().max()),
            float((logits - second.logits[there]).abs().max()),
            float(logits.abs().max()),
        )


def _check_weights(old: Any, new: Any, mapping: Map) -> None:
    import torch

    loading.check_tied(new, "the trimmed model")
    before, after = dict(old.named_parameters()), dict(new.named_parameters())
    for name in sorted(before.keys() | after.keys()):
        one, two = before.get(name), after.get(name)
        if one is not None and name == f"{loading.TABLES[0]}.weight":
            one = one[torch.tensor(mapping.kept, device=one.device)]
        if one is None or two is None or not torch.equal(one, two.to(one.device)):
            raise SaysNo(
                f"{name} is not that of the untrimmed model; trim it again from its weights"
            )


def _check_characters(old: Any, new: Any, languages: Sequence[str]) -> None:
    needed = sorted({c for language in languages for c in letters(language)} | set("0123456789"))
    lost = tokens.unknown(new, needed).keys() - tokens.unknown(old, needed).keys()
    if lost:
        raise SaysNo(
            f"the trimmed vocabulary cannot write {' '.join(sorted(lost))}, which the untrimmed "
            "one can; choose the ids with keep()"
        )


def _trim_model(model: Any, table: Any, mapping: Map) -> Any:
    import torch

    with torch.no_grad():
        rows = table[torch.tensor(mapping.kept, device=table.device)].clone()
    cut = torch.nn.Parameter(rows, requires_grad=table.requires_grad)
    # What deepcopy finds in its memo it takes over: tensors are shared, the four tables are `cut`.
    shared: dict[int, Any] = {id(tensor): tensor for tensor in model.parameters()}
    shared |= {id(tensor): tensor for tensor in model.buffers()}
    shared |= {id(model.get_submodule(name).weight): cut for name in loading.TABLES}
    trimmed = copy.deepcopy(model, shared)
    for name in loading.TABLES:
        module = trimmed.get_submodule(name)
        if hasattr(module, "num_embeddings"):
            module.num_embeddings = len(mapping.kept)
            if module.padding_idx is not None:
                module.padding_idx = mapping.new[module.padding_idx]
        else:
            module.out_features = len(mapping.kept)
    trimmed.config.vocab_size = len(mapping.kept)
    for config in (trimmed.config, trimmed.generation_config):
        for name in _SPECIAL:
            token = getattr(config, name, None)
            if token is not None:
                if token not in mapping.new:
                    raise UsageError(f"the model's {name}, {token}, is not among the ids to keep")
                setattr(config, name, mapping.new[token])
    loading.leave_target_open(trimmed)
    loading.check_tied(trimmed, "the trimmed model")
    return trimmed


def _trim_tokenizer(tokenizer: Any, mapping: Map) -> Any:
    """Rebuilt from its own description, so that normalisation and word splitting stay as found."""
    from tokenizers import Tokenizer
    from transformers import NllbTokenizer

    codes = [code for code in _codes(tokenizer) if tokens.code_id(tokenizer, code) in mapping.new]
    if not codes:
        raise UsageError("no language code is among the ids to keep; choose them with keep()")
    vocabulary, merges = bpe(tokenizer)
    for code in (*codes, tokens.MASK):  # old layouts have these as added tokens only
        vocabulary[code] = int(tokenizer.convert_tokens_to_ids(code))
    ids = {p: mapping.new[i] for p, i in vocabulary.items() if i in mapping.new}
    if len(ids) != len(mapping.kept):
        lacking = sorted(set(mapping.kept) - set(vocabulary.values()))
        raise UsageError(f"id {lacking[:1]} has no token in the tokenizer; choose with keep()")
    ids = dict(sorted(ids.items(), key=lambda item: item[1]))
    merges = [pair for pair in merges if {*pair, "".join(pair)} <= ids.keys()]
    trimmed = NllbTokenizer(
        vocab=ids,
        merges=merges,
        extra_special_tokens=codes,
        src_lang=codes[0],
        model_max_length=tokenizer.model_max_length,
        legacy_behaviour=tokenizer.legacy_behaviour,
    )
    built = json.loads(trimmed.backend_tokenizer.to_str())
    found = json.loads(tokenizer.backend_tokenizer.to_str())
    parts = {name: found[name] for name in ("normalizer", "pre_tokenizer", "decoder")}
    trimmed._tokenizer = Tokenizer.from_str(json.dumps({**built, **parts}))
    if (own := tokens.orthography_of(tokenizer)) is not None:
        tokens.write_in(trimmed, own)
    return trimmed


def _codes(tokenizer: Any) -> list[str]:
    """The tokenizer's language codes, in order of their ids."""
    names = {str(token) for token in tokenizer.all_special_tokens}
    names -= {*tokens.RESERVED, tokens.MASK}
    return sorted(names, key=tokenizer.convert_tokens_to_ids)
