"""CTranslate2: a saved M2M100 converted to it, and a search with it over token ids.

Tokens are those of the model's own tokenizer; nothing here reads or writes text.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from korpu.errors import SaysNo, UsageError
from korpu.schema import Decode

POSITIONS = 1024  # the family's; longer sources are split before they come here


def require(why: str, instead: str) -> None:
    """Raises ``UsageError`` naming the extra where CTranslate2 is not installed."""
    if importlib.util.find_spec("ctranslate2") is None:
        raise UsageError(
            f"{why} needs ctranslate2, which is not installed; install it with "
            f"`pip install -e '.[export]'` or {instead}"
        )


def convert(hf: Path, directory: Path, stored: str) -> None:
    """Write the CTranslate2 model of a saved M2M100 to a new directory.

    ``stored`` is the type of its weights (float32, float16, int8 …). Same input, same bytes.
    """
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(hf)).convert(str(directory), quantization=stored)


def load(directory: Path, device: str, compute_type: str, threads: int) -> Any:
    """A ``ctranslate2.Translator``; on a CPU each thread translates batches of its own.

    One batch gains little from a second thread, and batches wait for nobody. Raises ``SaysNo``
    where the directory holds no model, ``UsageError`` for a type that the device does not have.
    """
    import ctranslate2

    kind = device.partition(":")[0]
    known = sorted(ctranslate2.get_supported_compute_types(kind))
    if compute_type not in known:
        raise UsageError(
            f"decode.compute_type={compute_type} is not available on this {kind}; use one of "
            f"{', '.join(known)}"
        )
    many = max(1, threads) if kind == "cpu" else 1
    try:
        return ctranslate2.Translator(
            str(directory), device=kind, compute_type=compute_type,
            inter_threads=many, intra_threads=1 if kind == "cpu" else 0,
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        raise SaysNo(f"{directory} cannot be loaded: {error}") from error


def threads_of(asked: int | None) -> int:
    """As many as asked for; 0 or None: the processors there are for this process."""
    return asked or len(os.sched_getaffinity(0))


def search(
    translator: Any, tokenizer: Any, rows: Sequence[Sequence[int]], code: int, decode: Decode
) -> Iterator[list[int]]:
    """Token ids after the language code for each encoded row, in order, without the end.

    ``rows`` come longest first, so that a batch has one length. The bounds that CTranslate2 would
    otherwise set by itself, cutting silently (1,024 in, 256 out), are given. ``max_new_tokens``
    counts the language code, as in ``generate``, and so does CTranslate2 with a target prefix.
    """
    names: list[str] = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    ids = {name: number for number, name in enumerate(names)}
    prefix = names[code]
    end = tokenizer.eos_token
    results = translator.translate_iterable(
        ([names[number] for number in row] for row in rows),
        ([prefix] for _ in rows),
        max_batch_size=max(decode.batch_tokens // decode.beam, 1),
        batch_type="tokens",
        beam_size=decode.beam,
        length_penalty=decode.length_penalty,
        no_repeat_ngram_size=decode.no_repeat_ngram,
        max_input_length=POSITIONS,
        max_decoding_length=decode.max_new_tokens,
    )
    for result in results:
        yield [ids[name] for name in result.hypotheses[0][1:] if name != end]
