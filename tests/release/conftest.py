"""A small bilingual world: a tiny trained base, an adapter, and the artifacts of all stages.

Everything is real but small: the model learned to map invented word lists on to each other, so that
it has something to say and an adapter has something to change.
"""

import json
import random
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir

from eval import decoding
from eval.store import write_statistics
from korpu import artifact, config
from korpu.artifact import File, Result

AZ = [
    "hava",
    "gün",
    "yağış",
    "külək",
    "şəhər",
    "qələbə",
    "komanda",
    "məktəb",
    "kitab",
    "ölkə",
    "görüş",
    "nazir",
    "bazar",
    "qiymət",
    "dağ",
]
UZ = [
    "havo",
    "kun",
    "yomgʻir",
    "shamol",
    "shahar",
    "gʻalaba",
    "jamoa",
    "maktab",
    "kitob",
    "davlat",
    "uchrashuv",
    "vazir",
    "bozor",
    "narx",
    "togʻ",
]
DIRECTIONS = ["azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"]


def sentences(count, seed):
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        picked = [draw.randrange(len(AZ)) for _ in range(draw.randint(3, 6))]
        rows.append((" ".join(AZ[i] for i in picked), " ".join(UZ[i] for i in picked)))
    return rows


def learn(model, tokenizer, pairs, steps, lr, seed):
    """A few steps of plain training in both directions; returns the last loss."""
    import torch

    from korpu.nllb import tokens

    torch.manual_seed(seed)
    draw = random.Random(seed)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr)
    sides = {}
    for code, column in (("azj_Latn", 0), ("uzn_Latn", 1)):
        sides[code] = tokens.encode(tokenizer, [pair[column] for pair in pairs], code)

    def padded(rows, fill):
        longest = max(map(len, rows))
        return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])

    model.train()
    for step in range(steps):
        source, target = ("azj_Latn", "uzn_Latn")[:: 1 if step % 2 else -1]
        picked = draw.sample(range(len(pairs)), 32)
        ids = padded([sides[source][i] for i in picked], 1)
        labels = padded([sides[target][i] for i in picked], -100)
        starts = torch.full((len(picked), 1), 2)
        fed = torch.cat([starts, labels[:, :-1].clamp(min=1)], 1)
        out = model(input_ids=ids, attention_mask=(ids != 1).long(), decoder_input_ids=fed)
        loss = torch.nn.functional.cross_entropy(out.logits.flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    return float(loss.detach())


def corpus(path, rows, licence="CC0-1.0", origin="korpu_az+koprik_uz"):
    import polars as pl

    pl.DataFrame(
        [
            {
                "id": f"{number:016x}",
                "src_lang": "azj_Latn",
                "tgt_lang": "uzn_Latn",
                "src": az,
                "tgt": uz,
                "origin": origin,
                "licence": licence,
                "may_redistribute": True,
            }
            for number, (az, uz) in enumerate(rows)
        ]
    ).write_parquet(path)


def committed(stage, directory, inputs, result, settings=None):
    return artifact.commit(
        directory,
        stage=stage,
        key=artifact.digest([stage, sorted(path.path for path in result.files)]),
        config=settings or {},
        inputs=inputs,
        result=result,
        started=time.time(),
    )


def report(recipe, train, adapter_score=91.0):
    """A report.json of the shape that evaluate writes."""
    scores = [
        {
            "benchmark": "news",
            "direction": direction,
            "system": system,
            "metric": metric,
            "normalised": normalised,
            "value": value,
            "ci": [value - 1, value + 1],
            "n": 40,
            "signature": "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0",
        }
        for direction in DIRECTIONS
        for system, value in (("copy", 25.0), ("base", 40.0), ("adapter", adapter_score))
        for metric in ("bleu", "chrf_pp")
        for normalised in (False, True)
    ]
    decode = decoding.settings(recipe)
    model = {"name": "tiny", "base_key": "0", "adapter_key": train.key}
    return {"schema": 1, "model": model, "decode": decode, "scores": scores, "checks": []}


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    config.register()
    overrides = [
        "evaluate.slices=null",
        "name=small",
        "decode.max_new_tokens=40",
        "model.max_length=64",
        "release.version=0.1.0",
        "release.parity_lines=24",
        "runtime.threads=1",
        f"release.registry={tmp_path_factory.mktemp('registry')}",
    ]
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("pipeline", overrides=overrides))


@pytest.fixture(scope="session")
def world(recipe, tmp_path_factory):
    """``inputs`` of the stage release, made as the stages before it make them."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    from korpu.nllb import survival, tokens
    from korpu.nllb.pieces import ALPHABET, train_pieces

    torch.set_num_threads(1)
    torch.manual_seed(1)
    root = tmp_path_factory.mktemp("outputs")
    pairs = sentences(400, 1)
    prepare = root / "prepare"
    prepare.mkdir()
    corpus(prepare / "train.parquet", pairs[:300])
    long = " ".join(f"{az}." for az, _ in pairs[:12]), " ".join(f"{uz}." for _, uz in pairs[:12])
    corpus(prepare / "dev.parquet", [long, *pairs[300:]])
    files = (File("train.parquet", rows=300), File("dev.parquet", rows=101))
    inputs = {"prepare": committed("prepare", prepare, [], Result(files))}

    base = root / "base"
    codes = ["azj_Latn", "uzn_Latn"]
    written = [text.replace("ʻ", "‘") for text in sum(pairs, ())]
    letters = ALPHABET.replace("ʻ", "")  # so that what ships must write oʻ and gʻ in other forms
    tokenizer = tokens.build_tokenizer(train_pieces(written, 256, alphabet=letters), codes)
    assert survival.settled(tokenizer, "auto").orthography.marks["uzn_Latn"]["after_o_g"]
    tokens.save_tokenizer(tokenizer, base / "model")
    model = M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=len(tokenizer),
            d_model=64,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=128,
            decoder_ffn_dim=128,
            max_position_embeddings=128,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
            decoder_start_token_id=2,
        )
    )
    # less, and int8 tips most sentences over on processors whose int8 products are coarser
    learn(model, tokenizer, pairs[:300], 350, 4e-3, 1)
    model.save_pretrained(base / "model")
    inputs["base"] = committed("base", base, [inputs["prepare"]], Result((File("model"),)))

    train = root / "train"
    targets = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
    adapted = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets))
    learn(adapted, tokenizer, pairs[:300], 150, 4e-3, 2)
    adapted.save_pretrained(train / "adapter", save_embedding_layers=False)
    (train / "adapter" / "README.md").unlink(missing_ok=True)
    (train / "orthography.json").write_text(tokenizer.orthography.json(), "utf-8")
    made = Result((File("adapter"), File("orthography.json")))
    inputs["train"] = committed("train", train, [inputs["prepare"], inputs["base"]], made)
    judge(recipe, inputs, root)
    return SimpleNamespace(
        root=root, inputs=inputs, tokenizer=tokenizer, pairs=pairs, judge=judge, commit=committed
    )


def judge(recipe, inputs, root, passed=True, system="adapter", **changes):
    """Write evaluate and gate for the inputs, as one that passed or did not."""
    for name in ("evaluate", "gate"):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    made = {**report(recipe, inputs["train"]), **changes}
    artifact.write_json(root / "evaluate" / "report.json", made)
    write_statistics(root / "evaluate" / "stats.npz", {})
    measured = [inputs[name] for name in ("prepare", "base", "train")]
    inputs["evaluate"] = committed(
        "evaluate", root / "evaluate", measured, Result((File("report.json"), File("stats.npz")))
    )
    verdict = {"passed": passed, "system": system}
    artifact.write_json(root / "gate" / "gate.json", verdict)
    refused = None if passed else "REGRESSED on news"
    inputs["gate"] = committed(
        "gate",
        root / "gate",
        [inputs["evaluate"]],
        Result((File("gate.json"),), refused=refused),
    )


@pytest.fixture(scope="session")
def released(recipe, world, tmp_path_factory):
    """The stage run once: its Result, its own folder, and the published bundle."""
    from release.stage import run

    out = tmp_path_factory.mktemp("release")
    began = time.monotonic()
    result = run(recipe, world.inputs, out)
    took = time.monotonic() - began
    parity = json.loads((out / "parity.json").read_text("utf-8"))
    path = None
    if (out / "bundle.json").exists():
        path = Path(json.loads((out / "bundle.json").read_text("utf-8"))["path"])
    return SimpleNamespace(result=result, out=out, parity=parity, path=path, seconds=took)
