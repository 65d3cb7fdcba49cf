"""The training loop: AdamW over token-budget batches, from the first step or from a saved state.

One device, float32. What makes a resumed run give the same bits: an epoch's batches come from
(seed, epoch) alone, a state holds everything else that a step reads, and a stop signal waits for
the end of the step in hand. The promise holds for one kind of device and one number of threads.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from korpu import log
from korpu.errors import SaysNo, Stopped, UsageError
from korpu.schema import Decode, Train
from train import batches, selection, state, validation
from train.corpus import Example, Pair
from train.loss import cross_entropy
from train.selection import average, copied, fill, judged, remembered
from train.signals import stop_between_steps
from train.state import Position
from train.tracking import Follower, Metrics

BETAS = (0.9, 0.98)  # "Attention Is All You Need", 5.3


@dataclass(frozen=True)
class Task:
    """What is trained, on what. ``run`` is the recipe's section of the name ``section``.

    ``model`` is an M2M100 model or a ``PeftModel`` around one; its trainable parameters are what
    is learned, saved and restored. ``dev`` may be empty: then the last step's weights are kept.
    """

    section: str
    run: Train
    model: Any
    tokenizer: Any
    new: Sequence[Example]
    old: Sequence[Example]
    dev: Mapping[str, Sequence[Pair]]
    decode: Decode
    max_length: int
    seed: int
    device: str


def check(run: Train, section: str) -> None:
    """Raise ``UsageError`` for a value no run can have."""
    least = {"steps": 1, "target_tokens": 1, "max_tokens": 3, "validate_every": 1, "save_every": 1}
    for name, bound in least.items():
        if getattr(run, name) < bound:
            raise UsageError(f"{section}.{name} must be at least {bound}, not {getattr(run, name)}")
    if not run.lr > 0:
        raise UsageError(f"{section}.lr must be above 0, not {run.lr}")
    if not 0 <= run.label_smoothing < 1:
        raise UsageError(
            f"{section}.label_smoothing must be from 0 to below 1, not {run.label_smoothing}"
        )


def learning_rate(run: Train, step: int) -> float:
    """The rate of step ``step`` (from 1): linear warm-up, then constant, linear or cosine to 0."""
    if step <= run.warmup:
        return run.lr * step / run.warmup
    left = (run.steps - step + 1) / max(1, run.steps - run.warmup)  # 1 … 1/n
    if run.schedule == "cosine":
        return run.lr * 0.5 * (1 - math.cos(math.pi * left))
    return run.lr * left if run.schedule == "linear" else run.lr


def fit(
    task: Task, states: Path, metrics_path: Path, followers: tuple[Follower, ...] = ()
) -> Position:
    """Train to the end and leave the chosen weights in the model.

    Continues from the newest state under ``states``. The weights of the validation with the best
    mean chrF++ are chosen, or the average of the last ones where that is better. Raises ``SaysNo``
    for a loss that is not finite, ``UsageError`` where no state can be read, ``Stopped`` after a
    signal, once the state is saved.
    """
    run, model = task.run, task.model
    check(run, task.section)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    weights = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [p for p in weights.values() if p.ndim > 1],
                "weight_decay": run.weight_decay,
            },
            {"params": [p for p in weights.values() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=run.lr,
        betas=BETAS,
        fused=True,
    )
    names = {parameter: name for name, parameter in weights.items()}
    best: dict[str, Any] = {}
    recent: dict[str, Any] = {}

    at = Position()
    found = state.load(states)
    if found is not None:
        at, kept = found
        fill(weights, kept["weights"])
        state.fill_optimizer(optimizer, weights, kept["optimizer"])
        state.fill_random(kept["random"])
        best, recent = kept["best"], kept["recent"]
        log.say(f"  {task.section}: continues after step {at.step}")
    metrics = Metrics(metrics_path, at.metrics_bytes, followers)

    def save() -> None:
        state.save(
            states,
            replace(at, metrics_bytes=metrics.flush(), seconds=seconds()),
            {
                "weights": copied(weights),
                "optimizer": state.optimizer_tensors(optimizer, names),
                "random": state.random_tensors(),
                "best": best,
                "recent": recent,
            },
        )

    began = time.monotonic() - at.seconds

    def seconds() -> float:
        return round(time.monotonic() - began, 3)

    pad, start = base.config.pad_token_id, base.config.decoder_start_token_id
    new, old = batches.lengths(task.new), batches.lengths(task.old)
    examples = [*task.new, *task.old]
    head = base.lm_head.weight
    order: list[list[int]] = []
    ordered = -1  # the epoch that `order` is of
    model.train()
    with stop_between_steps() as asked, log.progress(task.section, run.steps, "steps") as advance:
        advance(at.step)
        while at.step < run.steps and not (run.patience and at.without_gain >= run.patience):
            if ordered != at.epoch:
                ordered = at.epoch
                order = batches.epoch(
                    new, old, run.target_tokens, run.mix_share, task.seed, ordered
                )
            chosen = [examples[index] for index in order[at.batch]]
            batch = batches.tensors(chosen, pad, start, task.device)

            clock = time.monotonic()
            rate = learning_rate(run, at.step + 1)
            for group in optimizer.param_groups:
                group["lr"] = rate
            hidden = base.model(
                input_ids=batch.source,
                attention_mask=batch.source_mask,
                decoder_input_ids=batch.decoder,
                use_cache=False,
            ).last_hidden_state
            loss = cross_entropy(hidden, head, batch.labels, run.label_smoothing) / batch.targets
            value = float(loss.detach())
            torch.autograd.backward(loss)
            norm = float(
                torch.nn.utils.clip_grad_norm_(list(weights.values()), run.clip or math.inf)
            )
            if not (math.isfinite(value) and math.isfinite(norm)):
                raise SaysNo(_not_finite(task, value, norm, at, batch))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

            last = at.batch + 1 == len(order)
            at = replace(
                at,
                step=at.step + 1,
                epoch=at.epoch + last,
                batch=0 if last else at.batch + 1,
                tokens=at.tokens + batch.targets,
            )
            metrics.add(
                {
                    "step": at.step,
                    "loss": value,
                    "gradient": norm,
                    "lr": rate,
                    "targets": batch.targets,
                    "padding": round(1 - batch.targets / batch.labels.numel(), 4),
                    "tokens": at.tokens,
                    "tokens_per_s": round(batch.targets / (time.monotonic() - clock), 1),
                    "seconds": seconds(),
                }
            )
            advance(1)

            ended = at.step == run.steps
            if task.dev and (ended or at.step % run.validate_every == 0):
                scores = validation.score(
                    model, task.tokenizer, task.dev, task.decode, task.max_length
                )
                model.train()
                metrics.add({"step": at.step, "chrf_pp": scores, "seconds": seconds()})
                shown = ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
                log.say(f"  {task.section}: step {at.step}, loss {value:.3f}, chrF++ {shown}")
                at, best = judged(at, selection.mean(scores), weights, best)
                at, recent = remembered(at, run.average, weights, recent)
                ended = ended or bool(run.patience and at.without_gain >= run.patience)
            if ended or asked or at.step % run.save_every == 0:
                save()
            if asked:
                metrics.close()
                raise Stopped(asked[0])

    mean = average(at, recent)
    if mean is not None:
        fill(weights, mean)
        scores = validation.score(model, task.tokenizer, task.dev, task.decode, task.max_length)
        metrics.add(
            {
                "step": at.step,
                "average_of": len(at.validated),
                "chrf_pp": scores,
                "seconds": seconds(),
            }
        )
        at, best = judged(at, selection.mean(scores), weights, best)
    if best:
        fill(weights, best)
    at = replace(at, seconds=seconds(), metrics_bytes=metrics.flush())
    metrics.close()
    model.eval()
    return at


def _not_finite(task: Task, value: float, norm: float, at: Position, batch: batches.Batch) -> str:
    rows = ", ".join(dict.fromkeys(batch.ids))
    return (
        f"the loss is {value} and its gradient {norm} at step {at.step + 1}, batch "
        f"{at.batch + 1} of epoch {at.epoch + 1} (rows {rows}); lower {task.section}.lr or raise "
        f"{task.section}.warmup, or look at these rows"
    )
