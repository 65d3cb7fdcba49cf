"""The training loop: AdamW over token-budget batches, from the first step or from a saved state.

What makes a resumed run give the same bits: an epoch's batches come from (seed, epoch) alone, a
state holds everything else that a step reads, and a stop signal waits for the end of the step in
hand. The promise holds for one kind of device and one number of threads and ranks.
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
from korpu.errors import Infrastructure, SaysNo, Stopped, UsageError
from korpu.schema import Decode, Train
from train import batches, selection, state, step, validation
from train.corpus import Example, Pair
from train.ranks import Ranks
from train.selection import average, copied, fill, judged, remembered
from train.signals import stop_between_steps
from train.state import Position
from train.tracking import Follower, Metrics, Nowhere

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
    ranks: Ranks
    settings: Mapping[str, Any]  # what a resumed run must have too, by key


def check(run: Train, section: str) -> None:
    """Raise ``UsageError`` for a value no run can have."""
    least = {"steps": 1, "target_tokens": 1, "max_tokens": 3, "validate_every": 1, "save_every": 1}
    for name, bound in least.items():
        if getattr(run, name) < bound:
            raise UsageError(f"{section}.{name} must be at least {bound}, not {getattr(run, name)}")
    if run.micro_tokens is not None and run.micro_tokens < 1:
        raise UsageError(f"{section}.micro_tokens must be at least 1, not {run.micro_tokens}")
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
    ranks = task.ranks
    found = state.load(states, task.settings)
    if found is not None:
        at, kept = found
        fill(weights, kept["weights"])
        state.fill_optimizer(optimizer, weights, kept["optimizer"])
        state.fill_random(kept["random"], ranks.rank)
        best, recent = kept["best"], kept["recent"]
        log.say(f"  {task.section}: continues after step {at.step}")
    elif ranks.rank:
        torch.manual_seed(task.seed + ranks.rank)  # the same weights, other dropout
    metrics = Metrics(metrics_path, at.metrics_bytes, followers) if ranks.writes else Nowhere()

    def save() -> None:
        random = state.merged_random(ranks.gathered(state.random_tensors()))
        if not ranks.writes:
            return
        state.save(
            states,
            replace(at, metrics_bytes=metrics.flush(), seconds=seconds()),
            {
                "weights": copied(weights),
                "optimizer": state.optimizer_tensors(optimizer, names),
                "random": random,
                "best": best,
                "recent": recent,
            },
            task.settings,
        )

    began = time.monotonic() - at.seconds

    def seconds() -> float:
        return round(time.monotonic() - began, 3)

    ids = int(base.config.pad_token_id), int(base.config.decoder_start_token_id)
    new, old = batches.lengths(task.new), batches.lengths(task.old)
    examples = [*task.new, *task.old]
    loss_of = step.objective(model, run, ranks)
    at = replace(at, micro_tokens=_micro(task, at, loss_of, new, old, ids))
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
            targets = sum(len(example.target) for example in chosen)
            sources = sum(len(example.source) for example in chosen)

            clock = time.monotonic()
            rate = learning_rate(run, at.step + 1)
            for group in optimizer.param_groups:
                group["lr"] = rate
            try:
                mine, read, padded = step.backward(
                    loss_of, chosen, targets, ranks, ids, at.micro_tokens
                )
            except torch.OutOfMemoryError as error:
                raise Infrastructure(_short(task, at, chosen)) from error
            total = torch.tensor([mine, read, padded], dtype=torch.float64, device=ranks.device)
            value, read, padded = (ranks.total(total) / total.new_tensor([targets, 1, 1])).tolist()
            norm = float(
                torch.nn.utils.clip_grad_norm_(list(weights.values()), run.clip or math.inf)
            )
            if not (math.isfinite(value) and math.isfinite(norm)):
                raise SaysNo(_not_finite(task, value, norm, at, chosen))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

            last = at.batch + 1 == len(order)
            at = replace(
                at,
                step=at.step + 1,
                epoch=at.epoch + last,
                batch=0 if last else at.batch + 1,
                tokens=at.tokens + targets,
            )
            metrics.add(
                {
                    "step": at.step,
                    "loss": value,
                    "gradient": norm,
                    "lr": rate,
                    "targets": targets,
                    "padding": round(1 - targets / padded, 4),
                    "tokens": at.tokens,
                    "tokens_per_s": round(targets / (time.monotonic() - clock), 1),
                    "source_padding": round(1 - sources / read, 4),
                    "seconds": seconds(),
                }
            )
            advance(1)

            ended = at.step == run.steps
            if task.dev and (ended or at.step % run.validate_every == 0):
                scores = validation.score(
                    model, task.tokenizer, task.dev, task.decode, task.max_length, ranks
                )
                model.train()
                metrics.add({"step": at.step, "chrf_pp": scores, "seconds": seconds()})
                shown = ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
                log.say(f"  {task.section}: step {at.step}, loss {value:.3f}, chrF++ {shown}")
                at, best = judged(at, selection.mean(scores), weights, best)
                at, recent = remembered(at, run.average, weights, recent)
                ended = ended or bool(run.patience and at.without_gain >= run.patience)
            # a signal reaches the ranks at different steps: all of them stop after the same one
            stop = ranks.any(bool(asked))
            if ended or stop or at.step % run.save_every == 0:
                save()
            if stop:
                metrics.close()
                raise Stopped(asked[0] if asked else "SIGTERM")

    mean = average(at, recent)
    if mean is not None:
        fill(weights, mean)
        scores = validation.score(
            model, task.tokenizer, task.dev, task.decode, task.max_length, ranks
        )
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


def _micro(
    task: Task,
    at: Position,
    loss_of: Any,
    new: Sequence[tuple[int, int]],
    old: Sequence[tuple[int, int]],
    ids: tuple[int, int],
) -> int | None:
    """Tokens computed at once: what is asked, what the saved run had, or what the memory holds."""
    run, ranks = task.run, task.ranks
    if run.micro_tokens is not None:
        return run.micro_tokens
    if at.step or not ranks.device.startswith("cuda"):
        return at.micro_tokens
    order = batches.epoch(new, old, run.target_tokens, run.mix_share, task.seed, 0)
    examples = [*task.new, *task.old]
    largest = max(order, key=lambda rows: sum(len(examples[row].source) + len(examples[row].target)
                                              for row in rows))  # fmt: skip
    chosen = [examples[row] for row in largest]
    targets = sum(len(example.target) for example in chosen)
    return step.fit(loss_of, chosen, targets, ranks, ids, None)


def _short(task: Task, at: Position, rows: Sequence[Example]) -> str:
    whole = max(len(row.source) + len(row.target) for row in rows) * len(rows)
    half = max(1, min(whole, at.micro_tokens or whole) // 2)
    return (
        f"the memory does not hold batch {at.batch + 1} of epoch {at.epoch + 1}; set "
        f"{task.section}.micro_tokens={half} and run it again, or {task.section}.checkpointing=true"
    )


def _not_finite(
    task: Task, value: float, norm: float, at: Position, rows: Sequence[Example]
) -> str:
    names = ", ".join(dict.fromkeys(example.id for example in rows))
    return (
        f"the loss is {value} and its gradient {norm} at step {at.step + 1}, batch "
        f"{at.batch + 1} of epoch {at.epoch + 1} (rows {names}); lower {task.section}.lr or raise "
        f"{task.section}.warmup, or look at these rows"
    )
