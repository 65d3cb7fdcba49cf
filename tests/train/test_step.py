"""A step's gradient is the same however its batch is cut, kept in memory or rounded."""

from dataclasses import replace

import pytest
import torch

import train
from korpu.errors import Infrastructure, UsageError
from train import adapter, batches, reload, step, tracking
from train.corpus import Example
from train.ranks import Ranks

IDS = 1, 2  # pad, the decoder's start
ALONE = Ranks()
EXAMPLES = [
    Example(f"row {n}", "azj_Latn-uzn_Latn", [4, *range(10, 10 + n), 2], [5, *range(20, 22 + n), 2])
    for n in (3, 9, 4, 7, 5, 1)
]
TARGETS = sum(len(example.target) for example in EXAMPLES)


def built(dropout=0.0):
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(3)
    sizes = {"encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = M2M100Config(vocab_size=60, d_model=16, encoder_layerdrop=0, decoder_layerdrop=0,
                          dropout=dropout, attention_dropout=0, **sizes, **heads)  # fmt: skip
    return M2M100ForConditionalGeneration(config).train()


def adapted(recipe, kind, dropout=0.0):
    torch.manual_seed(4)
    model = adapter.attach(built(dropout), replace(recipe.adapter, kind=kind, block=8, dropout=0.0))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return model.train()


def gradients(model, run, budget=None, rows=EXAMPLES):
    """The loss and every gradient of one step."""
    torch.manual_seed(6)
    loss_of = step.objective(model, run, ALONE)
    loss, *_ = step.backward(loss_of, rows, TARGETS, ALONE, IDS, budget)
    return float(loss), {
        n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None
    }


def same(one, other, tolerance=1e-6):
    assert one[0] == pytest.approx(other[0], rel=tolerance)
    assert one[1].keys() == other[1].keys() and one[1]
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("budget", [1, 30, 60, 10_000])
def test_micro_batches_add_up_to_the_batch(recipe, budget, monkeypatch):
    sizes = []
    real = batches.tensors
    monkeypatch.setattr(batches, "tensors", lambda *a: sizes.append(a[0]) or real(*a))
    whole, cut = (gradients(built(), recipe.train, b) for b in (None, budget))
    same(cut, whole)
    parts = sizes[1:]
    assert [row for part in parts for row in part] == EXAMPLES
    assert len(parts) == {1: 6, 10_000: 1}.get(budget, len(parts)) and (budget > 100 or parts[1:])
    for part in parts:
        longest = max(len(row.source) + len(row.target) for row in part)
        assert len(part) == 1 or len(part) * longest <= budget


@pytest.mark.parametrize("kind", ["lora", "rslora", "dora", "oft", "none"])
def test_checkpointing_gives_every_matrix_the_same_gradient(recipe, kind):
    keeps, computes = (
        gradients(adapted(recipe, kind, dropout=0.1), replace(recipe.train, checkpointing=twice))
        for twice in (False, True)
    )
    same(computes, keeps)
    model = adapted(recipe, kind)
    wanted = {name for name, p in model.named_parameters() if p.requires_grad}
    assert computes[1].keys() == wanted
    assert all(gradient.abs().sum() > 0 for gradient in computes[1].values())


def test_checkpointing_keeps_fewer_activations(recipe):
    def kept(twice):
        model, sizes = adapted(recipe, "lora"), []
        loss_of = step.objective(model, replace(recipe.train, checkpointing=twice), ALONE)
        batch = batches.tensors(EXAMPLES, *IDS, "cpu")

        def pack(tensor):
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss_of(batch.source, batch.source_mask, batch.decoder, batch.labels)
        return sum(sizes)

    assert kept(True) < 0.7 * kept(False)


@pytest.mark.long  # torch's compiler alone takes a minute to import
@pytest.mark.parametrize(
    ("kind", "backend"), [("lora", "aot_eager"), ("none", "aot_eager"), ("lora", "inductor")]
)
def test_compiled_it_learns_the_same_and_keeps_the_names(recipe, kind, backend, monkeypatch):
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda *a, **more: real(*a, **more, backend=backend))
    plain, compiled = (adapted(recipe, kind) for _ in range(2))
    same(
        gradients(compiled, replace(recipe.train, compile=True)),
        gradients(plain, recipe.train),
        tolerance=1e-5,
    )
    assert [n for n, _ in compiled.named_parameters()] == [n for n, _ in plain.named_parameters()]
    assert compiled.state_dict().keys() == plain.state_dict().keys()


def test_deterministic_kernels_are_asked_for_on_cuda_alone_and_only_for_the_run(
    recipe, monkeypatch
):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", step.WORKSPACE)
    asked = []
    for wanted, device in ((True, "cuda:0"), (False, "cuda:0"), (True, "cpu")):
        with step.kernels(replace(recipe.train, deterministic=wanted), device):
            asked.append(torch.are_deterministic_algorithms_enabled())
        assert not torch.are_deterministic_algorithms_enabled()
    assert asked == [True, False, False]


def test_bf16_rounds_activations_and_not_weights(recipe):
    full, low = (
        gradients(adapted(recipe, "lora"), replace(recipe.train, precision=precision))
        for precision in ("float32", "bf16")
    )
    assert low[0] != full[0]
    assert low[0] == pytest.approx(full[0], rel=0.02)
    assert all(gradient.dtype == torch.float32 for gradient in low[1].values())
    flat = [torch.cat([g.flatten() for g in found[1].values()]) for found in (full, low)]
    assert torch.nn.functional.cosine_similarity(*flat, dim=0) > 0.99


def test_the_precision_of_auto_is_the_devices(recipe):
    auto = replace(recipe.train, precision="auto")
    assert step.precision(auto, ALONE) == "float32"
    assert step.precision(auto, Ranks(device="cuda:1")) == "bf16"
    assert step.precision(replace(auto, precision="bf16"), ALONE) == "bf16"


class Short(torch.nn.Module):
    """A loss that runs out of memory above so many padded tokens."""

    def __init__(self, room):
        super().__init__()
        self.weight, self.room, self.tried = torch.nn.Parameter(torch.ones(1)), room, []

    def forward(self, source, _mask, _decoder, labels):
        self.tried.append(source.numel() + labels.numel())
        if self.tried[-1] > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.weight.sum()


@pytest.mark.parametrize("room", [10_000, 200, 100])
def test_the_largest_micro_batch_that_fits_is_found_by_halving(room):
    rows = EXAMPLES * 3
    loss_of, before = Short(room), torch.get_rng_state()
    budget = step.fit(loss_of, rows, TARGETS, ALONE, IDS, None)
    assert torch.equal(torch.get_rng_state(), before)
    assert loss_of.weight.grad is None
    loss_of.tried.clear()
    step.backward(loss_of, rows, TARGETS, ALONE, IDS, budget)
    assert max(loss_of.tried) <= room
    assert budget is None if room == 10_000 else budget > room / 2


def test_not_even_a_row_in_memory_is_said_with_what_would_help():
    with pytest.raises(Infrastructure, match=r"does not hold one row.*checkpointing=true"):
        step.fit(Short(5), EXAMPLES * 3, TARGETS, ALONE, IDS, None)


@pytest.fixture
def run(recipe, prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(reload, "check", lambda *_: 0)
    quiet = replace(recipe, model=replace(recipe.model, dropout=0.0))

    def go(**changes):
        changed = replace(quiet, base=replace(quiet.base, **changes))
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        result = train.run_base(changed, prepared, out)
        return [r["loss"] for r in tracking.read(out / "metrics.jsonl")[0] if "loss" in r], result

    return go


def test_a_run_in_micro_batches_learns_the_same_and_says_so(run):
    whole, _ = run()
    losses, result = run(micro_tokens=60)
    assert losses == pytest.approx(whole, rel=1e-5)
    assert losses != whole
    assert result.stats["micro_tokens"] == 60
    with pytest.raises(UsageError, match=r"base\.micro_tokens must be at least 1"):
        run(micro_tokens=0)


def test_running_out_of_memory_names_the_setting_that_would_fit(run, monkeypatch):
    def short(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(step, "cross_entropy", short)
    with pytest.raises(Infrastructure, match=r"set base\.micro_tokens=\d+ and run it again"):
        run()
