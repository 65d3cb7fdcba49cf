"""What torch's FSDP2 does to this family of models: the facts in docs/cluster.md."""

import multiprocessing
import os

import pytest
import torch

WORLD, STEPS = 2, 5


def model():
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    torch.manual_seed(1)
    sides = {f"{side}_{what}": n for side in ("encoder", "decoder")
             for what, n in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 48),
                             ("layerdrop", 0.0))}  # fmt: skip
    config = M2M100Config(vocab_size=300, d_model=32, dropout=0.0, attention_dropout=0.0,
                          activation_dropout=0.0, **sides)  # fmt: skip
    return M2M100ForConditionalGeneration(config)


def batch(number):
    generator = torch.Generator().manual_seed(number)
    return torch.randint(4, 300, (4, 9), generator=generator)


def learn(network, share):
    """The losses of some steps; ``share`` computes one step's from its number."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    losses = []
    for step in range(STEPS):
        loss = share(network, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().clone())
    return losses


def loss(network, number):
    tokens = batch(number)
    return network(input_ids=tokens, labels=tokens).loss


def sharded(rank, port):
    from torch.distributed import all_reduce, destroy_process_group, init_process_group
    from torch.distributed.fsdp import fully_shard

    os.environ.update(
        RANK=str(rank), WORLD_SIZE=str(WORLD), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
    )
    init_process_group("gloo")
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (WORLD,))
    network = model()
    whole = sum(p.numel() for p in network.parameters())
    for layer in [*network.model.encoder.layers, *network.model.decoder.layers]:
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)
    tables = network.model.shared, network.model.encoder.embed_tokens
    assert all(table.weight is network.lm_head.weight for table in tables)
    own = sum(p.to_local().numel() for p in network.parameters())
    assert own == whole / WORLD

    losses = learn(network, lambda net, step: loss(net, WORLD * step + rank))
    alone = learn(
        model(),
        lambda net, step: sum(loss(net, WORLD * step + r) for r in range(WORLD)) / WORLD,
    )
    for one, other in zip(losses, alone, strict=True):
        all_reduce(one)
        assert float(one) / WORLD == pytest.approx(float(other), rel=1e-5)
    destroy_process_group()


@pytest.mark.long
def test_fully_shard_keeps_the_tables_tied_and_learns_what_one_process_does():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=sharded, args=(rank, port)) for rank in range(WORLD)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0] * WORLD
