"""A sweep's trials in SQLite, through Optuna: what is drawn, taken up again, and recorded.

A trial that a signal or SIGKILL cut short is still ``RUNNING`` in the database: the next run of
the same sweep takes it up with the same values. What is drawn depends on the seed, the trial's
number and the trials finished before it, not on the process, so that a sweep that was killed
draws what an undisturbed one would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FrozenTrial, Trial, TrialState

from korpu.artifact import digest
from korpu.errors import INFRASTRUCTURE, Infrastructure, UsageError
from train.search_space import override_of

APART = ("runtime", "tracker")  # sections that do not make another sweep
STARTUP = 8  # trials at random before TPE has something to learn from


@dataclass(frozen=True)
class Sweep:
    """What makes two runs of a sweep the same one."""

    name: str
    command: str
    space: Mapping[str, BaseDistribution]
    fixed: Sequence[str]
    seed: int

    def settings(self) -> dict[str, Any]:
        """The same as JSON, without what changes no result."""
        told = [word for word in self.fixed if _section(word) not in APART]
        space = {key: json.loads(distribution_to_json(d)) for key, d in self.space.items()}
        return {"command": self.command, "overrides": sorted(told), "seed": self.seed, **space}


def _section(override: str) -> str:
    return re.split(r"[.=@/]", override.lstrip("+~"), maxsplit=1)[0]


@contextmanager
def kept_in(database: Path) -> Iterator[None]:
    """Raise ``Infrastructure`` where SQLite refuses: a full disk, or a file that is damaged."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (DBAPIError, optuna.exceptions.StorageInternalError) as error:
        cause = error if isinstance(error, DBAPIError) else error.__cause__
        said = getattr(cause, "orig", None) or error
        raise Infrastructure(
            f"{database} cannot be used ({said}); free some space, or move a damaged file away, "
            "and run it again: trials that are done cost nothing"
        ) from error


def opened(database: Path, sweep: Sweep) -> optuna.Study:
    """The study of a sweep, new or continued.

    Raises ``UsageError`` where the name is taken by another sweep that has results; one without
    results gives way.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.logging.disable_default_handler()
    database.parent.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{database.absolute()}")
    study = _study(storage, sweep)
    known, wanted = study.user_attrs.get("sweep"), sweep.settings()
    if known is not None and known != wanted:
        if any(trial.state == TrialState.COMPLETE for trial in study.trials):
            odd = sorted(k for k in {*known, *wanted} if known.get(k) != wanted.get(k))
            raise UsageError(
                f"{database} is of another sweep: {', '.join(odd)} differ; put them back, name "
                "this one in hydra.sweeper.name=…, or delete the file"
            )
        optuna.delete_study(study_name=sweep.name, storage=storage)
        study = _study(storage, sweep)
    study.set_user_attr("sweep", wanted)
    return study


def _study(storage: Any, sweep: Sweep) -> optuna.Study:
    return optuna.create_study(
        storage=storage,
        study_name=sweep.name,
        sampler=_sampler(sweep.seed),  # an independent one: nothing is drawn before its own seed
        direction="maximize",
        load_if_exists=True,
    )


def _sampler(seed: int) -> optuna.samplers.TPESampler:
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=False)


def try_again(study: optuna.Study) -> None:
    """Queue the trials that disk, memory or network failed, with the same values, once a run."""
    known = study.trials
    again = {trial.user_attrs.get("again_of") for trial in known}
    for trial in known:
        if trial.user_attrs.get("code") == INFRASTRUCTURE and trial.number not in again:
            study.enqueue_trial(trial.params, user_attrs={"again_of": trial.number})


def next_trials(study: optuna.Study, sweep: Sweep, wanted: int, at_once: int) -> list[Trial]:
    """The next trials, cut short ones first; none where as many as wanted are finished."""
    known = study.trials
    held = [trial for trial in known if trial.state == TrialState.RUNNING]
    batch = [Trial(study, trial._trial_id) for trial in held[:at_once]]
    waiting = sum(trial.state == TrialState.WAITING for trial in known)
    repeated = sum("again_of" in trial.user_attrs for trial in known)
    left = wanted + repeated - (len(known) - waiting)
    while len(batch) < at_once and left > 0:
        batch.append(study.ask())
        left -= 1
    for trial in batch:
        _draw(study, sweep, trial)
    return batch


def _draw(study: optuna.Study, sweep: Sweep, trial: Trial) -> None:
    """Give a trial its values; those it has from before a kill stay."""
    for key, d in sweep.space.items():
        if key not in trial.params:
            study.sampler = _sampler(int(digest([sweep.seed, trial.number, key])[:8], 16))
            _suggested(trial, key, d)


def _suggested(trial: Trial, key: str, d: BaseDistribution) -> None:
    if isinstance(d, optuna.distributions.CategoricalDistribution):
        trial.suggest_categorical(key, d.choices)
    elif isinstance(d, optuna.distributions.IntDistribution):
        trial.suggest_int(key, d.low, d.high, step=d.step, log=d.log)
    elif isinstance(d, optuna.distributions.FloatDistribution):
        trial.suggest_float(key, d.low, d.high, log=d.log)


def overrides(trial: Trial | FrozenTrial, sweep: Sweep) -> list[str]:
    """The command line's overrides of a trial."""
    return [*sweep.fixed, *(override_of(key, trial.params[key]) for key in sweep.space)]


def scored(study: optuna.Study, trial: Trial, score: float, facts: Mapping[str, Any]) -> None:
    """Record a trial that ended well."""
    for name, value in facts.items():
        trial.set_user_attr(name, value)
    study.tell(trial, score)


def failed(study: optuna.Study, trial: Trial, code: int, sentence: str) -> None:
    """Record a trial that did not, with its exit code and sentence."""
    trial.set_user_attr("code", code)
    trial.set_user_attr("sentence", sentence)
    study.tell(trial, state=TrialState.FAIL)
