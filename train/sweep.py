"""A sweep: trials of one command through Hydra's launcher, judged by the adapter's dev score.

A trial is the command with its values: it has a key of its own, so that one cut short goes on
from its training state, and one that was done costs nothing.
"""

from __future__ import annotations

import gc
import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from korpu import artifact, log
from korpu.artifact import Artifact
from korpu.errors import BUG, STOPPED, USAGE, Infrastructure, KorpuError, SaysNo, UsageError
from korpu.verdict import verdict
from train import study as studies
from train.study import Sweep

Outcome = Mapping[str, Artifact] | BaseException  # what a trial's command made, or ended with
Launch = Callable[[Sequence[Sequence[str]], int], Sequence[Outcome]]


def run(sweep: Sweep, folder: Path, trials: int, at_once: int, launch: Launch) -> None:
    """Run what is left of a sweep and print its trials, best first.

    ``launch`` runs the command with each list of overrides. Raises what stopped it (a signal, or
    a usage error before any trial had a score: the next would end the same), and ``SaysNo`` where
    no trial has a score.
    """
    if trials < 1 or at_once < 1:
        raise UsageError("hydra.sweeper.trials and hydra.sweeper.at_once must be at least 1")
    database = folder / f"{sweep.name}.db"
    with artifact.locked(folder / sweep.name), studies.kept_in(database):
        study = studies.opened(database, sweep)
        studies.try_again(study)
        while batch := studies.next_trials(study, sweep, trials, at_once):
            told = [studies.overrides(trial, sweep) for trial in batch]
            for trial in batch:
                values = " ".join(studies.overrides(trial, sweep)[len(sweep.fixed) :])
                log.say(f"trial {trial.number}: {values}")
            outcomes = _each_once(launch, told, batch[0].number)
            left = [
                error
                for trial, outcome in zip(batch, outcomes, strict=True)
                if (error := _record(study, trial, outcome))
            ]
            if left:
                raise left[0]
            if any(isinstance(outcome, BaseException) for outcome in outcomes):
                outcomes = ()
                gc.collect()  # an error holds its frames, and they the model
        print(table(study, sweep, database))
    if not _done(study.trials):
        raise SaysNo(f"no trial of {database} has a score; see their sentences above")


def _each_once(launch: Launch, told: Sequence[Sequence[str]], number: int) -> Sequence[Outcome]:
    """Launch equal trials of a batch once: they are one run, which locks its directory."""
    once = dict.fromkeys(tuple(words) for words in told)
    by_words = dict(zip(once, launch(list(once), number), strict=True))
    return [by_words[tuple(words)] for words in told]


def _record(study: optuna.Study, trial: Trial, outcome: Outcome) -> BaseException | None:
    """Record one outcome; returns what must end the sweep, and leaves that trial to be taken up."""
    try:
        if isinstance(outcome, BaseException):
            raise outcome
        score, facts = judged(outcome)
    except Exception as error:
        code, sentence = verdict(error) or (BUG, f"{type(error).__name__}: {error}")
        if code == STOPPED or (code == USAGE and not _done(study.trials)):
            return error
        if code == BUG:
            traceback.print_exception(error)
        log.say(f"trial {trial.number} failed ({code}): {sentence}")
        studies.failed(study, trial, code, sentence)
        return None
    studies.scored(study, trial, score, facts)
    log.say(f"trial {trial.number}: chrF++ {score:.2f}")
    return None


def judged(made: Mapping[str, Artifact]) -> tuple[float, dict[str, Any]]:
    """A trial's score: the mean chrF++ of the adapter's chosen step on dev, over directions.

    Raises ``UsageError`` where the command trains no adapter, or has no dev pairs to judge it by.
    """
    if "train" not in made:
        raise UsageError("a sweep judges adapters; use it with `korpu train` or a command after it")
    stats = made["train"].stats
    scores = stats["dev_chrf_pp"]
    if not scores:
        raise UsageError("there are no dev pairs to judge a trial by; prepare a corpus with some")
    return sum(scores.values()) / len(scores), {
        "directory": str(made["train"].directory),
        "chosen_step": stats["chosen_step"],
    }


def launched(jobs: Sequence[Any]) -> list[Outcome]:
    """The outcomes in Hydra's ``JobReturn``s, whose own accessor raises and prints."""
    return [job._return_value for job in jobs]


def lost(error: BaseException) -> KorpuError:
    """For a launcher that lost a job: the trials it had are taken up when the sweep runs again."""
    said = [line.strip("- \t") for line in str(error).splitlines()]
    told = [line for line in said if line and "trace:" not in line] or [type(error).__name__]
    return Infrastructure(f"the launcher lost a trial ({told[-1]}); run it again to continue")


def table(study: optuna.Study, sweep: Sweep, database: Path) -> str:
    """The trials, best first, then those without a score, and the command line of the best."""
    trials = study.trials
    done = sorted(_done(trials), key=lambda trial: (-float(trial.value or 0), trial.number))
    failures = [trial for trial in trials if trial.state == TrialState.FAIL]
    rows = [["trial", "chrF++", *sweep.space, "step", "where"]]
    for trial in done:
        told = trial.user_attrs
        values = [_short(trial.params[key]) for key in sweep.space]
        where = [str(told["chosen_step"]), told["directory"]]
        rows.append([str(trial.number), f"{trial.value:.2f}", *values, *where])
    for trial in failures:
        values = [_short(trial.params.get(key)) for key in sweep.space]
        rows.append(
            [str(trial.number), "failed", *values, "", trial.user_attrs.get("sentence", "")]
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    lines = [
        "  ".join(
            [cell.rjust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]]
        ).rstrip()
        for row in rows
    ]
    lines.append(f"{len(done)} trials with a score, {len(failures)} failed: {database}")
    if done:
        best = ["korpu", sweep.command, *studies.overrides(done[0], sweep)]
        lines.append(f"best: {shlex.join(best)}")
    return "\n".join(lines)


def _done(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state == TrialState.COMPLETE]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
