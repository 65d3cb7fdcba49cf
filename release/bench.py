"""Size, memory, speed and chrF++ of each format a bundle has, against generate on the original.

The original is the model in float32 with its whole vocabulary; the peer is ``model.generate`` over
batches of 32 in the order of the file, on it. Each contestant runs in a process of its own.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from korpu import artifact, bench, log
from korpu.errors import DONE, UsageError

HELP = """korpu bench release [word=value …]

A model that translates, as it was published; the first bundle's hf/ is the original (a second one
may be of the same model with another vocabulary):
  bundle=DIR[,DIR]   report=EVALUATION   benchmark=news   direction=azj_Latn-uzn_Latn
Or, for size and speed alone, random weights in a true shape, every output as long as its batch's
longest source, whose lengths are news':
  shape=600m         tiny, mid, 600m, 1.3b, 3.3b      vocabulary=full,trimmed

  formats=hf,ct2-float32,ct2-float16,ct2-int8
  lines=200      beam=1      batch_tokens=2048      max_new_tokens=256
  threads=2      repeats=3   seed=1     markdown=true
"""
WORDS = {
    "bundle": "", "report": "", "benchmark": "news", "direction": "azj_Latn-uzn_Latn",
    "shape": "", "vocabulary": "full,trimmed", "formats": "hf,ct2-float32,ct2-float16,ct2-int8",
    "lines": "200", "beam": "1", "batch_tokens": "2048", "max_new_tokens": "256",
    "threads": "2", "repeats": "3", "seed": "1", "markdown": "false",
}  # fmt: skip
FORMATS = ("hf", "ct2-float32", "ct2-float16", "ct2-int8")
PEER = "generate"


@dataclass(frozen=True)
class Row:
    """A format of one model: its name, bytes on disk, and the job that times it (None: it cannot
    be computed with here)."""

    name: str
    size: int
    job: Any


def main(words: list[str]) -> int:
    """Run the comparison and print its table; returns 0. Raises ``UsageError`` for its words."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench release", words, WORDS)
    if bool(given["shape"]) == bool(given["bundle"]):
        raise UsageError("korpu bench release needs bundle=DIR with report=…, or shape=600m")
    for name in given["formats"].split(","):
        if name not in FORMATS:
            raise UsageError(f"formats must be some of {', '.join(FORMATS)}, not {name!r}")
    where = bench.machine("torch", "transformers", "ctranslate2")
    with tempfile.TemporaryDirectory(prefix="korpu-bench-") as folder:
        rows, refs = _rows(given, Path(folder))
        rounds = _measured(rows, bench.number(given, "repeats"), Path(folder) / "said")
    print(f"{where}\n{_about(given)}\n")
    print(_table(rows, rounds, refs, given))
    return DONE


def _rows(given: Mapping[str, str], folder: Path) -> tuple[list[Row], list[str]]:
    """The peer first, then every format of every model; and the references, where there are any."""
    from eval.bench_translate import job_of, lengths_of_news, lines_of

    count = bench.number(given, "lines")
    texts, refs = ([], []) if given["shape"] else lines_of(given, count)
    lengths = lengths_of_news(count, bench.number(given, "seed")) if given["shape"] else ()
    job = partial(job_of(given), texts=tuple(texts), lengths=lengths)
    rows: list[Row] = []
    for name, home in _models(given, folder):
        if not rows:
            hf = home / "hf"
            rows.append(Row(f"{PEER}, {name}", artifact.size(hf), job(PEER, str(hf))))
        for form in given["formats"].split(","):
            if (
                model := _placed(form, home, folder / f"{name}-{form}", bool(given["shape"]))
            ) is None:
                log.say(f"  {name} has no {form}")
                continue
            timed = job(form, str(model)) if _computes(form) else None
            size = artifact.size(model if form == "hf" else model.with_name("ct2").resolve())
            rows.append(Row(f"{form}, {name}", size, timed))
    return rows, refs


def _models(given: Mapping[str, str], folder: Path) -> Iterator[tuple[str, Path]]:
    """Names and folders with an ``hf/`` in them: bundles, or models drawn here one at a time."""
    from eval.bench_translate import drawn

    if given["shape"]:
        for vocabulary in given["vocabulary"].split(","):
            home = folder / vocabulary
            drawn(given["shape"], vocabulary, home / "hf")
            yield f"{vocabulary} vocabulary", home
        return
    from korpu import bundle

    for number, path in enumerate(given["bundle"].split(","), start=1):
        manifest = bundle.verify(Path(path))
        own = f"{manifest['name']} {manifest['version']}"
        yield own if "," not in given["bundle"] else f"{number}: {own}", Path(path)


def _placed(form: str, home: Path, place: Path, convert: bool) -> Path | None:
    """The model's ``hf`` with the wanted conversion as ``ct2`` beside it, where jobs look for it;
    None where a bundle has no such format and it is not a matter of size alone."""
    from korpu.nllb import ctranslate

    if form == "hf":
        return home / "hf"
    kind = form.removeprefix("ct2-")
    place.mkdir()
    (place / "hf").symlink_to((home / "hf").resolve())
    if (home / form).is_dir():
        (place / "ct2").symlink_to((home / form).resolve())
    elif convert or not _computes(form):
        ctranslate.require("korpu bench release", "take formats=hf")
        log.say(f"  converting to {form}")
        ctranslate.convert(home / "hf", place / "ct2", kind)
    else:
        return None
    return place / "hf"


def _computes(form: str) -> bool:
    """Whether this processor computes in a format's type."""
    if form == "hf":
        return True
    import ctranslate2

    return form.removeprefix("ct2-") in ctranslate2.get_supported_compute_types("cpu")


def _measured(rows: Sequence[Row], repeats: int, said: Path) -> dict[str, list[Any]]:
    from eval import bench_decoders

    def one(job: Any) -> Any:
        with bench.apart(said, bench_decoders.run, job) as process:
            return process.result()

    def tell(name: str, number: int, done: Any) -> None:
        log.say(f"  {name}, {number} of {repeats}: {done.seconds:.1f} s")

    jobs = {row.name: partial(one, row.job) for row in rows if row.job is not None}
    return bench.repeat(repeats, jobs, tell)


def _about(given: Mapping[str, str]) -> str:
    target = given["direction"].rpartition("-")[2]
    what = f"shape={given['shape']}" if given["shape"] else f"{given['benchmark']} {target}"
    return (
        f"{what}, {given['lines']} lines, beam {given['beam']}, {given['threads']} threads, "
        f"{given['repeats']} rounds: medians; × is the seconds of {PEER} over the format's; memory "
        "is the process's peak, torch in it"
    )


def _table(
    rows: Sequence[Row],
    rounds: Mapping[str, Sequence[Any]],
    refs: Sequence[str],
    given: Mapping[str, str],
) -> str:
    from eval.metrics import chrf_pp

    target = given["direction"].rpartition("-")[2]
    peer, original = rounds[rows[0].name], rows[0].size
    count = int(given["lines"]) if given["shape"] else len(refs)
    head = ["", "MB", "% of original", "MiB memory", "sentences/s", "× by the clock", "× by CPU"]
    head += ["chrF++"] if refs else []
    lines = []
    for row in rows:
        line = [row.name, f"{row.size / 1e6:,.0f}", f"{row.size / original:.1%}"]
        if row.name not in rounds:
            lines.append([*line, *["not on this CPU"] * (len(head) - 3)])
            continue
        found = rounds[row.name]
        clock = [done.seconds for done in found]
        line += [
            f"{statistics.median(done.memory for done in found) / 2**20:,.0f}",
            f"{count / statistics.median(clock):.2f}",
            bench.ratio([done.seconds for done in peer], clock),
            bench.ratio([done.processor for done in peer], [d.processor for d in found]),
        ]
        if refs:
            own, theirs = (
                chrf_pp(o, refs, True, target) for o in (found[0].outputs, peer[0].outputs)
            )
            line.append(f"{own:.2f} ({own - theirs:+.2f})")
        lines.append(line)
    return bench.table(head, lines, bench.truth(given, "markdown"))
