"""`korpu train` on a corpus of templates, in processes that need not import torch again."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FORK = multiprocessing.get_context("fork")
CITIES = [("Bakı", "Boku"), ("Gəncə", "Ganja"), ("Daşkənd", "Toshkent"), ("Buxara", "Buxoro")]
SKIES = [("günəşli", "quyoshli"), ("buludlu", "bulutli"), ("dumanlı", "tumanli")]
TEMPLATES = [
    ("{city[0]} şəhərində hava {sky[0]}dır, {t} dərəcə.",
     "{city[1]} shahrida havo {sky[1]}, {t} daraja."),
    ("{city[0]} teatrında {t} tamaşa var: «{sky[0]} gün».",
     "{city[1]} teatrida {t} spektakl bor: «{sky[1]} kun»."),
]  # fmt: skip
STEPS = 12


def words(folder: Path, *more: str) -> list[str]:
    """The recipe's overrides: everything below ``folder``, a model of milliseconds a step."""
    run = f"steps: {STEPS}, warmup: 3, target_tokens: 200, validate_every: 4, validate_lines: 3"
    return [
        "experiment=smoke", "source=ui", "collect.snapshot='2025-12-01'", "evaluate.slices=null",
        f"source.files.ui.src={folder / 'az'}", f"source.files.ui.tgt={folder / 'uz'}",
        f"runtime.outputs={folder / 'outputs'}", "runtime.threads=1", "runtime.device=cpu",
        "collect.workers=1", "prepare.workers=1",
        "prepare.split.undated=document", "prepare.split.near_documents=null",
        "model.d_model=16", "model.layers=1", "model.heads=2", "model.ffn=24",
        "model.vocabulary_size=220", "adapter.r=2", "adapter.alpha=4", "decode.max_new_tokens=12",
        *(f"{section}.{pair.strip().replace(': ', '=')}"
          for section in ("base", "train") for pair in (*run.split(","), "save_every: 2")),
        "base.select.section=[]", "train.select.section=[]", "train.mix_share=0", *more,
    ]  # fmt: skip


def write_lines(folder: Path, numbers: range = range(10, 20)) -> None:
    """The corpus' two files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        [side.format(city=city, sky=sky, t=t) + "\n" for side in sides]
        for sides in TEMPLATES
        for city, sky, t in itertools.product(CITIES, SKIES, numbers)
    ]
    for name, lines in zip(("az", "uz"), zip(*made, strict=True), strict=True):
        (folder / name).write_text("".join(lines), "utf-8")


@dataclass(frozen=True)
class Ended:
    """A process that ended: ``code`` is negative for a signal."""

    code: int
    out: str
    err: str


def korpu(folder: Path, *told: str, before: Callable[[], None] = lambda: None) -> Ended:
    """One command line in a process of its own; ``before`` is called in it first.

    The check of a save in a fresh process has its own tests and is left out: it would take
    seconds here.
    """
    files = [folder / "stdout", folder / "stderr"]

    import peft  # noqa: F401  once, here, for all the processes
    import torch
    import transformers.models.m2m_100  # noqa: F401

    import train.stage  # noqa: F401
    from korpu import cli
    from train import reload

    def work() -> None:
        code = 99
        with contextlib.ExitStack() as stack:
            sys.stdout, sys.stderr = (stack.enter_context(path.open("w")) for path in files)
            try:
                torch.set_num_threads(1)
                reload.check = lambda *_, **__: 0  # type: ignore[assignment]
                before()
                code = cli.run(list(told))
            except BaseException:
                traceback.print_exc()
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(code)

    process = FORK.Process(target=work)
    process.start()
    process.join(300)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"korpu {' '.join(told)}\n{files[1].read_text()}")
    return Ended(process.exitcode, *(path.read_text("utf-8") for path in files))
