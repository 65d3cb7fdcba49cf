"""The library's Seq2SeqTrainer as a contestant of the speed benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from train import optimizer
from train.bench_jobs import Job, Learned, low
from train.corpus import Example


def train(job: Job, model: Any) -> tuple[Learned, int | None]:
    """The library's trainer at its defaults, on a fair draw of the batches its sampler makes.

    A round is shorter than an epoch, and group_by_length begins with its longest batches: so the
    epoch's batches are ordered by their positions and every n-th is taken, ``warm`` more before.
    Where a GPU does not hold a step, it is accumulated from halves, quarters …
    """
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments

    class Drawn(Seq2SeqTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, train_dataset: Any = None) -> list[int]:
            whole = super()._get_train_sampler(train_dataset)
            return drawn(list(whole), self.args.train_batch_size * parts, job)

    collate = _Counted(_collator(model))
    parts = 1
    if job.device != "cpu":
        largest = sorted(job.data.train, key=lambda row: -len(row.target))[: job.size]
        while parts < job.size:
            if _holds(model, collate(_rows(largest[: -(-job.size // parts)])), job):
                break
            parts *= 2
        collate.counts.clear()
    steps = job.steps + job.warm
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(job.folder / "trainer"),
        train_sampling_strategy=job.contestant,
        per_device_train_batch_size=max(1, job.size // parts),
        gradient_accumulation_steps=parts,
        max_steps=steps,
        learning_rate=job.lr,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        adam_beta1=optimizer.BETAS[0],
        adam_beta2=optimizer.BETAS[1],
        bf16=low(job),
        **({"activation_checkpointing": True} if job.checkpointing else {}),
        use_cpu=job.device == "cpu",
        seed=job.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Drawn(
        model=model, args=arguments, train_dataset=_rows(job.data.train), data_collator=collate
    )
    trainer.train()
    counts = np.array(collate.counts[: steps * parts]).reshape(steps, parts, 2).sum(1).tolist()
    learned = [(int(tokens), int(positions), 0.0) for tokens, positions in counts]
    return learned, arguments.train_batch_size if parts > 1 else None


def _holds(model: Any, batch: Any, job: Job) -> bool:
    """Whether a GPU's memory holds forward and backward of a batch, and a third more."""
    have = job.memory * 1e9 or torch.cuda.mem_get_info()[1]
    try:
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=low(job)):
            loss = model(**{name: tensor.cuda() for name, tensor in batch.items()}).loss
        loss.backward()
        return bool(torch.cuda.max_memory_allocated() < 0.75 * have)
    except torch.OutOfMemoryError:
        return False
    finally:
        model.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def drawn(order: Sequence[int], size: int, job: Job) -> list[int]:
    """The rows of ``steps`` batches that stand for all the batches of ``order``, shuffled, behind
    some to warm up."""
    examples = job.data.train
    cut = [list(order[at : at + size]) for at in range(0, len(order), size)]
    cut = cut[:-1] if len(cut) > 1 and len(cut[-1]) < size else cut
    cut.sort(key=lambda rows: len(rows) * max(len(examples[row].target) for row in rows))
    places = [int(len(cut) * (n + 0.5) / job.steps) for n in range(job.steps)]
    shuffled = np.random.default_rng(job.seed).permutation(places)
    warm = [places[(job.steps // 2 + n) % job.steps] for n in range(job.warm)]
    return [row for place in (*warm, *shuffled) for row in cut[place]]


def _rows(examples: Sequence[Example]) -> list[dict[str, list[int]]]:
    return [
        {"input_ids": e.source, "attention_mask": [1] * len(e.source), "labels": e.target}
        for e in examples
    ]


class _Counted:
    """A collator, and (target tokens, target positions) of each batch it made."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self._collate = collate
        self.counts: list[tuple[int, int]] = []

    def __call__(self, rows: Any) -> Any:
        batch = self._collate(rows)
        labels = batch["labels"]
        self.counts.append((int((labels != -100).sum()), labels.numel()))
        return batch


def _collator(model: Any) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast

    names = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}  # padding asks for no more of it
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(names, "<unk>")), pad_token="<pad>"
    )
    return DataCollatorForSeq2Seq(tokenizer, model=model)
