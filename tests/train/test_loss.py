"""The chunked loss is torch's, and so are its gradients."""

import pytest
import torch

from korpu.errors import UsageError
from train import loss


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("chunk", [1 << 23, 7 * 31])
def test_loss_and_gradients_equal_torchs(monkeypatch, smoothing, chunk):
    monkeypatch.setattr(loss, "CHUNK", chunk)
    torch.manual_seed(3)
    hidden = torch.randn(4, 9, 16, dtype=torch.float64, requires_grad=True)
    head = torch.randn(31, 16, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 31, (4, 9))
    labels[1, 5:] = -100
    labels[3, 1:] = -100

    expected = torch.nn.functional.cross_entropy(
        (hidden @ head.T).view(-1, 31),
        labels.view(-1),
        label_smoothing=smoothing,
        reduction="sum",
    )
    wanted = torch.autograd.grad(expected / 23, (hidden, head))
    found = loss.cross_entropy(hidden, head, labels, smoothing)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-6)
    # logits are taken in float32 inside, as they are in training
    for mine, theirs in zip(torch.autograd.grad(found / 23, (hidden, head)), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_kernel_without_label_smoothing_is_given_it(smoothing):
    torch.manual_seed(3)
    hidden = torch.randn(20, 16, requires_grad=True)
    head = torch.randn(31, 16, requires_grad=True)
    labels = torch.randint(0, 31, (20,))

    def torchs(smoothing):
        return lambda hidden, head, labels: torch.nn.functional.cross_entropy(
            hidden @ head.T, labels, label_smoothing=smoothing, reduction="sum"
        )

    found = loss.smoothed(torchs(0.0), hidden, head, labels, smoothing)
    wanted = torchs(smoothing)(hidden, head, labels)
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)
    pairs = (torch.autograd.grad(value, (hidden, head)) for value in (found, wanted))
    for mine, theirs in zip(*pairs, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_kernel_of_cuda_is_refused_elsewhere():
    labels = torch.tensor([0, 1])
    with pytest.raises(UsageError, match="loss=cce is for CUDA; set loss=chunked"):
        loss.cross_entropy(torch.randn(2, 4), torch.randn(7, 4), labels, 0.1, "cce")


def test_a_frozen_head_costs_and_gets_no_gradient():
    hidden = torch.randn(5, 4, requires_grad=True)
    head = torch.randn(7, 4)
    loss.cross_entropy(hidden, head, torch.tensor([0, 1, -100, 3, 6]), 0.1).backward()
    assert head.grad is None
    assert hidden.grad[2].abs().max() == 0
    assert hidden.grad[0].abs().max() > 0


def test_logits_of_one_chunk_are_alive_at_a_time(monkeypatch):
    monkeypatch.setattr(loss, "CHUNK", 10 * 50)
    sizes = []
    softmax = torch.log_softmax
    monkeypatch.setattr(
        torch, "log_softmax", lambda x, dim: sizes.append(x.shape) or softmax(x, dim=dim)
    )
    loss.cross_entropy(torch.randn(34, 4), torch.randn(50, 4), torch.arange(34), 0.1)
    assert [tuple(size) for size in sizes] == [(10, 50)] * 3 + [(4, 50)]
