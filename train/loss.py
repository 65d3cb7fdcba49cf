"""Cross-entropy with label smoothing that never holds all logits, only where there are targets.

torch's own chunked ``linear_cross_entropy`` forms all logits as soon as labels are smoothed. Here
a chunk's gradient is computed with its loss, so logits of one chunk are alive at a time and
backward costs nothing more.
"""

from __future__ import annotations

from typing import Any

import torch

CHUNK = 1 << 23  # logits alive at once: 32 MiB of float32


def cross_entropy(
    hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """The summed loss over targets, in nats; divide by their number.

    ``hidden`` is (…, d), ``head`` (vocabulary, d), ``labels`` (…) with -100 where there is no
    target. Equal to ``torch.nn.functional.cross_entropy(hidden @ head.T, labels,
    label_smoothing=smoothing, reduction="sum")``.
    """
    wanted = labels != -100
    found: torch.Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden[wanted], head, labels[wanted], smoothing
    )
    return found


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
        step = max(1, CHUNK // vocabulary)
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
