"""Cross-entropy with label smoothing that never holds all logits, only where there are targets.

torch's own chunked ``linear_cross_entropy`` forms all logits as soon as labels are smoothed. Here
a chunk's gradient is computed with its loss, so logits of one chunk are alive at a time and
backward costs nothing more.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from korpu.errors import UsageError

Plain = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(n, d), (vocabulary, d), (n) → the summed loss without label smoothing."""
PACKAGES = {
    "liger": ("liger_kernel.transformers", "liger-kernel"),
    "cce": ("cut_cross_entropy", "cut-cross-entropy"),
}
CHUNK = 1 << 25  # logits alive at once: 128 MiB of float32; with less, a product is mostly packing
CHUNK_CUDA = 1 << 28  # 1 GiB: a product of few rows would only wait for the head's 256,206


def cross_entropy(
    hidden: torch.Tensor,
    head: torch.Tensor,
    labels: torch.Tensor,
    smoothing: float,
    kind: str = "chunked",
) -> torch.Tensor:
    """The summed loss over targets, in nats; divide by their number.

    ``hidden`` is (…, d), ``head`` (vocabulary, d), ``labels`` (…) with -100 where there is no
    target. Equal to ``torch.nn.functional.cross_entropy(hidden @ head.T, labels,
    label_smoothing=smoothing, reduction="sum")``. ``kind`` is ``chunked``, or one of the kernels
    for CUDA, ``liger`` or ``cce``; ``UsageError`` where its package or CUDA is not there.
    """
    wanted = labels != -100
    if kind != "chunked":
        plain = _kernel(kind, hidden.device.type)
        return smoothed(plain, hidden[wanted], head.to(hidden.dtype), labels[wanted], smoothing)
    found: torch.Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden[wanted], head, labels[wanted], smoothing
    )
    return found


def smoothed(
    plain: Plain, hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """The smoothed loss by a kernel that knows no label smoothing.

    With logits z and target y, (1−ε)·(lse z − z_y) + ε·(lse z − mean z) is the plain loss plus
    ε·(z_y − mean z), and a mean of logits is one product with the mean of the head's rows.
    """
    loss = plain(hidden, head, labels).float()
    if smoothing:
        rows = (head[labels] - head.mean(0)).float()
        loss = loss + smoothing * (hidden.float() * rows).sum()
    return loss


def _kernel(kind: str, device: str) -> Plain:
    if device != "cuda":
        raise UsageError(f"loss={kind} is for CUDA; set loss=chunked")
    module, package = PACKAGES[kind]
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"loss={kind} needs a package: pip install {package}") from error
    if kind == "liger":
        liger = found.LigerFusedLinearCrossEntropyLoss(reduction="sum")
        return lambda hidden, head, labels: liger(head, hidden, labels)
    return partial(found.linear_cross_entropy, reduction="sum")


class _ChunkedCrossEntropy(torch.autograd.Function):
    """(n, d), (vocabulary, d), (n) → scalar; gradients for the first two where they are wanted."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor, smoothing: float
    ) -> torch.Tensor:
        vocabulary = head.shape[0]
        narrow = head.to(hidden.dtype)  # bf16 where autocast made the hidden states so
        to_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        to_head = torch.zeros_like(head) if ctx.needs_input_grad[1] else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        step = max(1, (CHUNK_CUDA if hidden.is_cuda else CHUNK) // vocabulary)
        for at in range(0, len(labels), step):
            part, gold = hidden[at : at + step], labels[at : at + step, None]
            logits = torch.log_softmax((part @ narrow.T).float(), dim=-1)
            total -= (1 - smoothing) * logits.gather(1, gold).sum()
            if smoothing:
                total -= smoothing / vocabulary * logits.sum()
            # d loss / d logit = softmax − target distribution
            gradient = logits.exp_()
            if smoothing:
                gradient -= smoothing / vocabulary
            gradient.scatter_add_(
                1, gold, torch.full_like(gold, -1, dtype=gradient.dtype).mul_(1 - smoothing)
            )
            gradient = gradient.to(hidden.dtype)
            if to_hidden is not None:
                torch.mm(gradient, narrow, out=to_hidden[at : at + step])
            if to_head is not None:
                to_head += (gradient.T @ part).to(head.dtype)
        ctx.save_for_backward(to_hidden, to_head)
        return total

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        to_hidden, to_head = ctx.saved_tensors
        return (
            None if to_hidden is None else to_hidden * upstream,
            None if to_head is None else to_head * upstream,
            None,
            None,
        )
