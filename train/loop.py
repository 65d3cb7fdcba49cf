"""The training loop: AdamW over token-budget batches, from the first step or from a saved state.

What makes a resumed run give the same bits: an epoch's batches come from (seed, epoch) alone, a
state holds everything else that a step reads, and a stop signal waits for the end of the step in
hand. The promise holds for one kind of device and one number of threads and ranks.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from korpu import log
from korpu.errors import Infrastructure, SaysNo, Stopped
from korpu.schema import Decode, Train
from korpu.verdict import out_of_memory
from train import batches, flops, meter, monitor, optimizer, selection, state, step, validation
from train.corpus import Example, Pair
from train.mixing import Group
from train.optimizer import check, learning_rate
from train.ranks import Ranks
from train.selection import copied, fill, judged
from train.signals import stop_between_steps
from train.state import Position
from train.tracking import Follower, Metrics, Nowhere

WARM = 3  # steps of a process before MFU's arithmetic is told: the first ones are slow


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
    groups: Sequence[Group] = ()  # how often an epoch has which examples; none: each new one once
    prove: Callable[[], object] | None = None  # raises where a fresh process loads another model


def fit(
    task: Task, states: Path, metrics_path: Path, followers: tuple[Follower, ...] = ()
) -> Position:
    """Train to the end and leave the chosen weights in the model.

    Continues from the newest state under ``states``. The weights of the validation with the best
    mean chrF++ are chosen, or the mean of the best ones where that is asked for and better. Raises
    ``SaysNo`` for a loss that is not finite and where what is saved would load as another model,
    ``UsageError`` where no state can be read, ``Stopped`` after a signal, once the state is saved.
    """
    run, model, ranks = task.run, task.model, task.ranks
    check(run, task.section)
    untouched = monitor.sentences(run, task.section, task.tokenizer)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    weights = {name: p for name, p in model.named_parameters() if p.requires_grad}
    adamw = optimizer.built(weights, run)
    names = {parameter: name for name, parameter in weights.items()}
    kept: dict[str, Any] = {}  # the weights of the best validations
    must_prove = run.reload != "end"  # the next state

    at = Position()
    found = state.load(states, task.settings)
    if found is not None:
        at, saved = found
        fill(weights, saved["weights"])
        state.fill_optimizer(adamw, weights, saved["optimizer"])
        state.fill_random(saved["random"], ranks.rank)
        kept = saved["best"]
        log.say(f"  {task.section}: continues after step {at.step}")
    elif ranks.rank:
        torch.manual_seed(task.seed + ranks.rank)  # the same weights, other dropout
    metrics = Metrics(metrics_path, at.metrics_bytes, followers) if ranks.writes else Nowhere()
    began = time.monotonic() - at.seconds

    def seconds() -> float:
        return round(time.monotonic() - began, 3)

    def save(stop: bool) -> None:
        """Write a state; proven, unless a signal asks for an end soon."""
        nonlocal must_prove
        random = state.merged_random(ranks.gathered(state.random_tensors()))
        if not ranks.writes:
            return
        if task.prove and must_prove and not stop:
            model.eval()
            try:
                task.prove()
            except SaysNo:
                if not asked:  # else the signal of a group ended the fresh process, too
                    raise
            model.train()
            must_prove = run.reload == "every"
        state.save(
            states,
            replace(at, metrics_bytes=metrics.flush(), seconds=seconds()),
            {
                "weights": copied(weights),
                "optimizer": state.optimizer_tensors(adamw, names),
                "random": random,
                "best": kept,
            },
            task.settings,
        )

    def scores(of: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
        if not of:
            return {}
        return validation.score(model, task.tokenizer, of, task.decode, task.max_length, ranks)

    def validated(**more: Any) -> dict[str, float]:
        """Score dev and what is monitored, keep the record, and warn of what is forgotten."""
        found, watched = scores(task.dev), scores(untouched)
        record = {"step": at.step, **more, **({"chrf_pp": found} if found else {})}
        if watched:
            record["chrf_pp_monitor"] = watched
            if sentence := monitor.warning(run, task.section, monitor.changes(at.before, watched)):
                log.say(f"  {sentence}")
        metrics.add({**record, "seconds": seconds()})
        metrics.flush()
        model.train()
        return found

    ids = int(base.config.pad_token_id), int(base.config.decoder_start_token_id)
    new, old = batches.lengths(task.new), batches.lengths(task.old)
    examples = [*task.new, *task.old]
    loss_of = step.objective(model, run, ranks)
    measure = meter.of(model, run, ranks) if ranks.writes else None
    order: list[list[int]] = []
    ordered = -1  # the epoch that `order` is of
    with (
        step.kernels(run, ranks.device),
        stop_between_steps() as asked,
        log.progress(task.section, run.steps, "steps") as advance,
    ):
        if untouched and not at.step:
            at = replace(at, before=scores(untouched))
            metrics.add({"step": 0, "chrf_pp_monitor": dict(at.before), "seconds": seconds()})
        model.train()
        at = replace(at, micro_tokens=_micro(task, at, loss_of, new, old, ids))
        advance(at.step)
        first, shown = at.step, ""
        while at.step < run.steps and not (run.patience and at.without_gain >= run.patience):
            if ordered != at.epoch:
                ordered = at.epoch
                order = batches.epoch(
                    new, old, run.target_tokens, run.mix_share, task.seed, ordered, task.groups
                )
            chosen = [examples[index] for index in order[at.batch]]
            size = flops.lengths(batches.lengths(chosen))

            clock = time.monotonic()
            rate = learning_rate(run, at.step + 1)
            for group in adamw.param_groups:
                group["lr"] = rate
            try:
                mine, read, padded = step.backward(
                    loss_of, chosen, size.t, ranks, ids, at.micro_tokens
                )
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                raise Infrastructure(_short(task, at, chosen)) from error
            sums = ranks.total(torch.stack([mine, mine.new_tensor(read), mine.new_tensor(padded)]))
            norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), run.clip or math.inf)
            # the one wait for the device in a step
            value, read, padded, gradient = torch.cat([sums, norm.to(sums)[None]]).tolist()
            value /= size.t
            if not (math.isfinite(value) and math.isfinite(gradient)):
                raise SaysNo(_not_finite(task, value, gradient, at, chosen))
            adamw.step()
            adamw.zero_grad(set_to_none=True)
            took = time.monotonic() - clock

            last = at.batch + 1 == len(order)
            at = replace(
                at,
                step=at.step + 1,
                epoch=at.epoch + last,
                batch=0 if last else at.batch + 1,
                tokens=at.tokens + size.t,
            )
            metrics.add(
                {
                    "step": at.step,
                    "loss": value,
                    "gradient": gradient,
                    "lr": rate,
                    "targets": size.t,
                    "padding": round(1 - size.t / padded, 4),
                    "source_padding": round(1 - size.s / read, 4),
                    "tokens": at.tokens,
                    **(measure.columns(size, took) if measure else {}),
                    "seconds": seconds(),
                }
            )
            advance(1)
            advance.tell(note=f"loss {value:.3f}{shown}, {size.t / took:,.0f} target tokens/s")
            if measure and at.step - first == WARM:
                log.say(f"  {task.section}: {measure.arithmetic(size, took)}")

            ended = at.step == run.steps
            if (task.dev or untouched) and (ended or at.step % run.validate_every == 0):
                advance.tell(note=f"loss {value:.3f}, scoring step {at.step}")
                found_now = validated()
                if found_now:
                    told = ", ".join(f"{name} {score:.1f}" for name, score in found_now.items())
                    log.say(f"  {task.section}: step {at.step}, loss {value:.3f}, chrF++ {told}")
                    score = selection.mean(found_now)
                    shown = f", chrF++ {score:.1f}"
                    at, kept = judged(at, score, run.keep, weights, kept)
                ended = ended or bool(run.patience and at.without_gain >= run.patience)
            # a signal reaches the ranks at different steps: all of them stop after the same one
            stop = ranks.any(bool(asked))
            if ended or stop or at.step % run.save_every == 0:
                save(stop)
            if stop:
                metrics.close()
                raise Stopped(asked[0] if asked else "SIGTERM")

        if kept:
            fill(weights, selection.best(at, kept))
        if run.average and len(at.kept) > 1:
            fill(weights, selection.average(at, kept))
            if selection.mean(validated(average_of=len(at.kept))) > at.kept[0][1]:
                at = replace(at, averaged=len(at.kept))
            else:
                fill(weights, selection.best(at, kept))
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
    order = batches.epoch(new, old, run.target_tokens, run.mix_share, task.seed, 0, task.groups)
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
