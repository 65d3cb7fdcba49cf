"""`korpu train` on a corpus of templates, in processes that need not import torch again.

They are forked from a process that has imported everything and used nothing (this file, run as a
program): a fork of the tests' own process would wait for ever on thread pools that other tests have
started in it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cloudpickle

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300  # seconds
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
    home = sys.modules.get(before.__module__)
    if home is not None:
        cloudpickle.register_pickle_by_value(home)  # a test's own functions, wherever it is from
    parent = _parent()
    assert parent.stdin is not None and parent.stdout is not None
    told_it = cloudpickle.dumps((str(folder), told, before))
    parent.stdin.write(len(told_it).to_bytes(8, "big") + told_it)
    parent.stdin.flush()
    child = int(parent.stdout.readline())
    files = [folder / "stdout", folder / "stderr"]
    if not select.select([parent.stdout], [], [], PATIENCE)[0]:
        os.kill(child, signal.SIGKILL)
        parent.stdout.readline()
        raise TimeoutError(f"korpu {' '.join(told)}\n{files[1].read_text()}")
    code = int(parent.stdout.readline())
    return Ended(code, *(path.read_text("utf-8") for path in files))


@functools.cache
def _parent() -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    atexit.register(process.kill)
    return process


def main() -> None:
    """Read command lines from stdin and fork for each; say the child's id, and how it ended."""
    import peft  # noqa: F401
    import torch  # noqa: F401
    import transformers.models.m2m_100  # noqa: F401

    import train.stage  # noqa: F401
    from korpu import cli  # noqa: F401
    from train import reload  # noqa: F401

    while size := int.from_bytes(sys.stdin.buffer.read(8), "big"):
        given = sys.stdin.buffer.read(size)
        child = os.fork()
        if child == 0:
            work(given)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def work(given: bytes) -> None:
    """The child's life."""
    import torch

    from korpu import cli
    from train import reload

    folder, told, before = cloudpickle.loads(given)
    code = 99
    with contextlib.ExitStack() as stack:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        names = ("stdout", "stderr")
        sys.stdout, sys.stderr = (stack.enter_context(Path(folder, n).open("w")) for n in names)
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


if __name__ == "__main__":
    main()
