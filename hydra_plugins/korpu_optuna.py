"""Hydra's door to `train.sweep`; Hydra takes sweepers from this package alone.

A small sweeper of our own, since the published one is held to an Optuna before 3.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from korpu.errors import KorpuError, UsageError


class OptunaSweeper(Sweeper):  # type: ignore[misc]
    """`hydra/sweeper=optuna`: see configs/hydra/sweeper/optuna.yaml for its values."""

    def __init__(self, name: str, folder: str, trials: int, at_once: int, seed: int) -> None:
        self.name, self.folder = name, Path(folder)
        self.trials, self.at_once, self.seed = trials, at_once, seed

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Hydra's call before ``sweep``."""
        self.config, self.hydra_context = config, hydra_context
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the trials; see ``train.sweep.run`` for what is raised."""
        try:
            import optuna  # noqa: F401
        except ImportError as error:
            raise UsageError(f"{error}; pip install -e '.[sweep]' brings Optuna") from error
        from train import search_space, sweep
        from train.study import Sweep

        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UsageError("a sweep starts its trials by itself; run it without torchrun")
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        space, fixed = search_space.split(parser.parse_overrides(arguments))
        command = str(self.config.hydra.job.config_name)

        def launch(told: Sequence[Sequence[str]], number: int) -> list[Any]:
            try:
                return sweep.launched(self.launcher.launch(told, number))
            except KorpuError:
                raise
            except Exception as error:
                if type(error).__module__.startswith("submitit"):
                    raise sweep.lost(error) from error
                raise

        told = Sweep(self.name, command, space, fixed, self.seed)
        sweep.run(told, self.folder, self.trials, self.at_once, launch)
