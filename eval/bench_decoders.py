"""The contestants of `korpu bench translate`, each run in a process of its own.

``generate`` is what one writes without a decoder: ``model.generate`` over batches of 32 in the
order of the file. The others are the project's decoder. A model that translates gives texts; one of
random weights gives no text worth reading, so every output is made as long as the longest source
of its batch, which costs each of them what real outputs of that length would.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.decoding import batches, by_ctranslate2, generated, translate
from korpu.nllb import ctranslate
from korpu.schema import Decode

ROWS = 32  # of a batch of ``generate``
WARM = 8  # lines translated before the clock starts
SETTINGS = {"hf": None, "ct2-float32": "float32", "ct2-int8": "int8"}


@dataclass(frozen=True)
class Job:
    """One contestant on one model. ``lengths`` (of sources, in tokens) take the place of ``texts``
    where the model's weights are random.
    """

    contestant: str  # generate, or one of SETTINGS
    model: str  # directory of a saved model; ``ct2`` beside it is its conversion
    direction: tuple[str, str]
    decode: Decode
    max_length: int
    threads: int
    texts: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Done:
    """What a contestant gave and took: seconds by the clock and of the processor; peak bytes."""

    outputs: list[str]
    seconds: float
    processor: float
    memory: int
    tokens: int  # given out, where weights are random


def run(job: Job) -> Done:
    """Load, warm up, and translate once against the clock."""
    import torch

    torch.set_num_threads(job.threads)
    work = _with_lengths(job) if job.lengths else _with_texts(job)
    size = len(job.lengths or job.texts)
    work(range(min(WARM, size)))
    began, used = time.perf_counter(), time.process_time()
    outputs, tokens = work(range(size))
    return Done(
        outputs=outputs,
        seconds=time.perf_counter() - began,
        processor=time.process_time() - used,
        memory=_peak(),
        tokens=tokens,
    )


def _peak() -> int:
    """Bytes this process has had at most; what getrusage says begins with its parent's peak."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


Work = Callable[[Sequence[int]], tuple[list[str], int]]  # indices → outputs, tokens given out


def _with_texts(job: Job) -> Work:
    from korpu.nllb import loading, tokens

    tokenizer = tokens.load_tokenizer(job.model)
    kind = SETTINGS.get(job.contestant)
    if kind is not None:
        translator = ctranslate.load(_beside(job.model), "cpu", kind, job.threads)

        def with_ctranslate2(indices: Sequence[int]) -> tuple[list[str], int]:
            some = [job.texts[i] for i in indices]
            settings = (job.direction, job.decode, job.max_length)
            return by_ctranslate2(translator, tokenizer, some, *settings), 0

        return with_ctranslate2
    model = loading.load_model(job.model)

    def by_torch(indices: Sequence[int]) -> tuple[list[str], int]:
        some = [job.texts[i] for i in indices]
        if job.contestant == "generate":
            return _in_file_order(model, tokenizer, some, job), 0
        settings = (job.direction, job.decode, job.max_length)
        return translate(model, tokenizer, some, *settings), 0

    return by_torch


def _in_file_order(model: Any, tokenizer: Any, texts: Sequence[str], job: Job) -> list[str]:
    import torch

    from korpu.nllb import tokens

    source, target = job.direction
    code = tokens.code_id(tokenizer, target)
    found: list[str] = []
    for at in range(0, len(texts), ROWS):
        rows = tokens.encode(tokenizer, list(texts[at : at + ROWS]), source)
        with torch.inference_mode():
            out = model.generate(**_padded(model, rows), forced_bos_token_id=code, **_how(job))
        found += [
            " ".join(t.split()) for t in tokens.decode(tokenizer, [r[2:] for r in out.tolist()],
                                                       target)
        ]  # fmt: skip
    return found


def _how(job: Job) -> dict[str, Any]:
    decode = job.decode
    beam = {"length_penalty": decode.length_penalty, "early_stopping": True}
    return {
        "num_beams": decode.beam,
        "do_sample": False,
        "max_new_tokens": decode.max_new_tokens,
        **(beam if decode.beam > 1 else {}),
    }


def _padded(model: Any, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    import torch

    pad, longest = model.config.pad_token_id, max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": mask}


def _with_lengths(job: Job) -> Work:
    """Sources of random ids; nothing ends before it is as long as its batch's longest source."""
    import random

    import torch

    from korpu.nllb import loading

    kind = SETTINGS.get(job.contestant)
    model = None if kind else loading.load_model(job.model)
    translator = ctranslate.load(_beside(job.model), "cpu", kind, job.threads) if kind else None
    size = _rows_of(job.model)
    rng = random.Random(1)
    sources = [[rng.randrange(4, size - 4) for _ in range(n)] for n in job.lengths]

    def work(indices: Sequence[int]) -> tuple[list[str], int]:
        given, tokens = [sources[i] for i in indices], 0
        budget = job.decode.batch_tokens // job.decode.beam
        order = list(batches([len(row) for row in given], budget))
        if job.contestant == "generate":
            order = [
                list(range(at, min(at + ROWS, len(given)))) for at in range(0, len(given), ROWS)
            ]
        if translator is not None:
            return [], _searched(translator, [[given[i] for i in batch] for batch in order], job)
        for batch in order:
            rows = [given[i] for i in batch]
            most = max(map(len, rows))
            how = replace(job.decode, max_new_tokens=most)
            assert model is not None
            with torch.inference_mode():
                if job.contestant == "generate":
                    forced = {**_how(replace(job, decode=how)), "min_new_tokens": most}
                    model.generate(**_padded(model, rows), forced_bos_token_id=4, **forced)
                else:
                    generated(_endless(model), rows, 4, how)
            tokens += most * len(rows)
        return [], tokens

    return work


def _endless(model: Any) -> Any:
    model.config.eos_token_id = -1  # no argmax is ever that
    return model


def _searched(translator: Any, ordered: Sequence[Sequence[list[int]]], job: Job) -> int:
    """All batches are handed over at once, so that every thread has one."""
    waiting, tokens = [], 0
    for rows in ordered:
        most = max(map(len, rows))
        tokens += most * len(rows)
        waiting += translator.translate_batch(
            [[f"t{i}" for i in row] for row in rows],
            target_prefix=[["t4"]] * len(rows),
            beam_size=job.decode.beam,
            max_input_length=ctranslate.POSITIONS,
            min_decoding_length=most,
            max_decoding_length=most,
            asynchronous=True,
        )
    for result in waiting:
        result.result()
    return tokens


def _rows_of(model: str) -> int:
    import json

    config = json.loads(Path(model, "config.json").read_text("utf-8"))
    return int(config["vocab_size"])


def _beside(model: str) -> Path:
    return Path(model).with_name("ct2")
