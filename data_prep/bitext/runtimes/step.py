"""What datatrove is given: a step that does a rank's share of a plan, and its Slurm executor.

Needs datatrove (extra `cluster`).
"""

from __future__ import annotations

from pathlib import Path

from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from loguru import logger

from data_prep.bitext.runtimes import rank as ranks

# datatrove prints a page for every rank; a task's log has our lines
logger.disable("datatrove")


class Shards(PipelineStep):  # type: ignore[misc]
    """Rank ``r`` of ``n`` does the shards r, r+n, r+2n … of the plan that are not there yet."""

    name = "shards"
    type = "korpu"

    def __init__(self, folder: Path, apart: bool = False) -> None:
        """``apart``: each rank is a further process."""
        super().__init__()
        self.folder = folder
        self.apart = apart

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        """Leaves files, hands on no documents; raises what the work raises, and leaves word."""
        del data
        if self.apart:
            ranks.apart(self.folder, rank, world_size)
        else:
            ranks.work(self.folder, rank, world_size, logger.debug)


class SlurmExecutor(SlurmPipelineExecutor):  # type: ignore[misc]
    """datatrove's, without its job that sums up statistics.

    That one depends on all tasks' success, and after a failed one it stands in the queue for ever.
    """

    def launch_merge_stats(self) -> None:
        """Nothing."""
