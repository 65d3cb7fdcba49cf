"""What a GPU is asked first: is the loss right, does a killed run resume to the same bits, which
cross-entropy is fastest. `scripts/bench_gpu.sh` runs them, then `what=speed` at NLLB's shapes.

Needs torch, transformers, peft, accelerate and what those need; no Hydra, no data.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch

from korpu import bench
from korpu.errors import DONE, SaysNo, UsageError
from train import bench_data, bench_models, loop, loss, tracking
from train.bench_speed import KNOWN, PACKAGES
from train.ranks import Ranks

HELP = """korpu bench train what=gpu [word=value …]

  part=loss       the chunked cross-entropy against torch's own, value and gradients; its time and
                  memory by size of chunk, torch's, and of Liger and cut-cross-entropy if installed
  part=resume     a run killed by SIGKILL and resumed: the same losses and weights to the bit
  part=table      one table of what `what=speed json=FILE` left in from=FOLDER, with MFU
  shape=600m      of the head, for part=loss       targets=16384
  device=cuda     or cpu     json=FILE     from=FOLDER     markdown=true
"""
WORDS = {
    "part": "loss", "shape": "600m", "targets": "16384", "device": "cuda", "json": "",
    "from": "", "markdown": "false",
}  # fmt: skip
CHUNKS = (1 << 23, 1 << 25, 1 << 27, 1 << 28, 1 << 29)
TOLERANCE = {"cpu": 1e-4, "cuda": 2e-2}  # of a gradient's norm; bf16 has 8 bits
STEPS, SAVE, KILL = 12, 3, 5  # of the resumed run: kill once a state of this step or later is there


def main(words: list[str]) -> int:
    """Run one part; returns 0. Raises ``SaysNo`` where what must be equal is not."""
    if any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE
    given = bench.parsed("korpu bench train what=gpu", words, WORDS)
    if given["device"] not in KNOWN["device"]:
        raise UsageError(f"device must be cpu or cuda, not {given['device']!r}")
    parts: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
        "loss": losses, "resume": resumed, "table": table,
    }  # fmt: skip
    if given["part"] not in parts:
        raise UsageError(f"part must be {', '.join(parts)}, not {given['part']!r}")
    found = parts[given["part"]](given)
    if given["json"]:
        Path(given["json"]).write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return DONE


def losses(given: Mapping[str, str]) -> dict[str, Any]:
    """Compare and time the ways to the loss; raises ``SaysNo`` where ours is not torch's."""
    device, count = given["device"], bench.number(given, "targets")
    shape = bench_models.shape_of(given["shape"])
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    torch.manual_seed(1)
    head = torch.randn(shape.rows, shape.d, device=device) * shape.d**-0.5
    hidden = torch.randn(count, shape.d, device=device, dtype=kind)
    gold = torch.randint(shape.rows, (count,), device=device)
    odd = [_difference(hidden[:512], head, gold[:512], smoothing) for smoothing in (0.0, 0.2)]
    worst = max(value for pair in odd for value in pair)
    if worst > TOLERANCE[device]:
        raise SaysNo(f"the chunked loss differs from torch's by {worst:.2g} of it or its gradient")

    def chunked(size: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def run(states: torch.Tensor) -> torch.Tensor:
            setattr(loss, "CHUNK" if device == "cpu" else "CHUNK_CUDA", size)
            return loss.cross_entropy(states, head, gold, 0.0)

        return run

    ways = {f"korpu, {size / 2**20:.0f} Mi logits": chunked(size) for size in CHUNKS}
    ways["torch, all logits"] = lambda states: _plain(states, head, gold, 0.0)
    for name, package in PACKAGES.items():
        if device != "cpu" and importlib.util.find_spec(package):
            ways[name] = lambda states, name=name: loss.cross_entropy(  # type: ignore[misc]
                states, head, gold, 0.0, name
            )
    sizes = loss.CHUNK, loss.CHUNK_CUDA
    found = {name: _timed(way, hidden, device) for name, way in ways.items()}
    loss.CHUNK, loss.CHUNK_CUDA = sizes
    print(f"{where(device)}\ncross-entropy and its gradient, {count} targets of {shape.rows} "
          f"words, d={shape.d}, {kind}; differs from torch's by at most {worst:.2g}\n")  # fmt: skip
    rows = [
        [name, f"{one['ms']:.1f}", f"{one['mib']:,.0f}"] if "ms" in one else [name, one["why"], ""]
        for name, one in found.items()
    ]
    print(bench.table(["", "ms", "peak MiB"], rows, bench.truth(given, "markdown")))
    return {"machine": where(device), "difference": worst, "ways": found}


def _plain(hidden: Any, head: Any, gold: Any, smoothing: float) -> torch.Tensor:
    logits = (hidden @ head.to(hidden.dtype).T).float()
    return torch.nn.functional.cross_entropy(
        logits, gold, label_smoothing=smoothing, reduction="sum"
    )


def _difference(hidden: Any, head: Any, gold: Any, smoothing: float) -> tuple[float, float]:
    """Of the value and of the gradient, as parts of torch's own in float32."""
    values, gradients = [], []
    ways: tuple[tuple[Callable[..., torch.Tensor], torch.dtype], ...] = (
        (loss.cross_entropy, hidden.dtype), (_plain, torch.float32),
    )  # fmt: skip
    for way, kind in ways:
        states = hidden.to(kind).clone().requires_grad_()
        value = way(states, head, gold, smoothing)
        torch.autograd.backward(value)
        assert states.grad is not None
        values.append(float(value))
        gradients.append(states.grad.float())
    norm = (gradients[0] - gradients[1]).norm() / gradients[1].norm()
    return abs(values[0] / values[1] - 1), float(norm)


def _timed(way: Callable[[Any], torch.Tensor], hidden: Any, device: str) -> dict[str, Any]:
    """Milliseconds (the least of three) and the memory that forward and backward add, in MiB."""
    taken, peak = [], 0.0
    try:
        for _ in range(4):
            states = hidden.detach().clone().requires_grad_()
            if device != "cpu":
                torch.cuda.reset_peak_memory_stats()
                before = torch.cuda.memory_allocated()
                torch.cuda.synchronize()
            clock = time.perf_counter()
            torch.autograd.backward(way(states))
            if device != "cpu":
                torch.cuda.synchronize()
                peak = (torch.cuda.max_memory_allocated() - before) / 2**20
            taken.append(1000 * (time.perf_counter() - clock))
    except torch.OutOfMemoryError:
        return {"why": "out of memory"}
    except Exception as error:  # a kernel of another package, on a device it may not know
        return {"why": str(error).splitlines()[0][:60]}
    return {"ms": min(taken[1:]), "mib": peak}


def resumed(given: Mapping[str, str]) -> dict[str, Any]:
    """Kill a small run by SIGKILL, resume it, and compare with one that was left alone."""
    device = given["device"]
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        for name in ("whole", "killed"):
            (at / name).mkdir()
        with bench.apart(at / "said", trained, at / "whole", device) as process:
            whole = process.result()
        with bench.apart(at / "said", trained, at / "killed", device) as process:
            while not process.ended(0.01):
                states = (at / "killed" / "state").glob("step-*")
                if any(int(state.name.partition("-")[2]) >= KILL for state in states):
                    break
            os.kill(process.pid, signal.SIGKILL)
            process.process.join()
        done = max(int(state.name.partition("-")[2])
                   for state in (at / "killed" / "state").glob("step-*"))  # fmt: skip
        with bench.apart(at / "said", trained, at / "killed", device) as process:
            again = process.result()
    said = "equal" if again == whole else "differ"
    print(f"{where(device)}\nSIGKILL after the state of step {done} of {STEPS}, then resumed: "
          f"weights and {len(whole[1])} losses {said}")  # fmt: skip
    if done >= STEPS:
        raise SaysNo("the run had ended before it was killed; run it again")
    if again != whole:
        raise SaysNo(f"a resumed run differs on {device}: {whole} without the kill, {again} with")
    return {"machine": where(device), "killed_after": done, "weights": whole[0]}


def trained(folder: Path, device: str) -> tuple[str, list[float]]:
    """Train (or go on with) a small model; the digest of its weights, and every step's loss."""
    data = bench_data.load("synthetic", Path(), 1)
    shape = bench_models.SHAPES["tiny"]
    model = bench_models.build(shape, shape.rows, 1, device)
    adapted = bench_models.adapted(model, "lora", 1)
    run = bench_models.run_of(
        steps=STEPS, save_every=SAVE, target_tokens=200, lr=1e-3, warmup=2, micro_tokens=None,
        validate_every=STEPS, deterministic=True, label_smoothing=0.1,
    )  # fmt: skip
    task = loop.Task(
        section="train", run=run, model=adapted, tokenizer=None, new=data.train[:2000], old=[],
        dev={}, decode=cast(Any, None), max_length=1024, seed=1, ranks=Ranks(device=device),
        settings={},
    )  # fmt: skip
    loop.fit(task, folder / "state", folder / "metrics.jsonl")
    digest = hashlib.sha256()
    for _, parameter in sorted(adapted.named_parameters()):
        if parameter.requires_grad:
            digest.update(parameter.detach().cpu().numpy().tobytes())
    records = tracking.read(folder / "metrics.jsonl")[0]
    return digest.hexdigest(), [record["loss"] for record in records if "loss" in record]


def table(given: Mapping[str, str]) -> dict[str, Any]:
    """All shapes in one table: tokens a second, MFU over the achievable peak, memory, ratios."""
    from train import flops

    device = given["device"]
    peak, how = flops.peak(device if device == "cpu" else "cuda:0",
                           "float32" if device == "cpu" else "bf16")  # fmt: skip
    rows, files = [], sorted(Path(given["from"] or ".").glob("speed-*.json"))
    if not files:
        raise UsageError(f"from={given['from']} has no speed-*.json; name the folder they are in")
    for path in files:
        made = json.loads(path.read_text("utf-8"))
        each = next((m["flops"] for name, runs in made["runs"].items() for m in runs
                     if name.startswith("korpu") and "trimmed" not in name), 0.0)  # fmt: skip
        rates = {}
        for name, runs in made["runs"].items():
            one = bench.spread([m["tokens"] / m["seconds"] for m in runs])[0]
            rates[name] = one
            cost = runs[0]["flops"] or each
            rows.append([
                f"{made['words']['shape']}: {name}", f"{one:,.0f}", f"{cost / 1e9:.2f}",
                f"{one * cost / peak:.1%}",
                f"{sum(m['tokens'] for m in runs) / sum(m['positions'] for m in runs):.2f}",
                f"{max(m['peak'] for m in runs) / 1024:,.1f}", str(runs[0]["at_once"] or "all"),
                *(f"{rates['korpu'] / one:.2f}" if "korpu" in rates else "" for _ in (0,)),
            ])  # fmt: skip
        rows += [[f"{made['words']['shape']}: {name}", why[:60], *[""] * 6]
                 for name, why in made["failed"].items()]  # fmt: skip
    print(f"{where(device)}\nMFU: target tokens/s × GFLOP a target token (source included) ÷ "
          f"{peak / 1e12:.4g} TFLOP/s ({how})\n")  # fmt: skip
    head = ["", "target tokens/s", "GFLOP a token", "MFU", "tokens / positions", "peak GiB",
            "at once", "korpu / this"]  # fmt: skip
    print(bench.table(head, rows, bench.truth(given, "markdown")))
    return {"head": head, "rows": rows}


def where(device: str) -> str:
    """The machine, with its GPU."""
    log_line = bench.machine("torch", "transformers", "peft", "accelerate")
    if device == "cpu":
        return log_line
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, {log_line}"
