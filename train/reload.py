"""After a save: a fresh process loads what is on disk and must give the same tokens.

`python -m train.reload` reads a request as JSON on stdin and answers on stdout. It shares nothing
with the process that trained but the files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from korpu.errors import Infrastructure, SaysNo
from korpu.languages import direction
from korpu.schema import Decode

CHECKOUT = Path(__file__).resolve().parent.parent
TOLERANCE = 1e-4  # of a mean log-probability; the same files on the same device differ by nothing
PATIENCE = 600  # seconds for the process to load a model and answer
FIXED = {
    "azj_Latn": [
        "Bakıda hava günəşli olacaq.",
        "Nazirlik 2025-ci ildə 1 250 nəfərin iştirak etdiyini bildirib.",
    ],
    "uzn_Latn": [
        "Toshkentda havo quyoshli boʻladi.",
        "Vazirlik 2025-yilda 1 250 nafar ishtirok etganini maʼlum qildi.",
    ],
}


def answers(
    model: Any,
    tokenizer: Any,
    sentences: Mapping[str, Sequence[str]],
    decode: Decode,
    max_length: int,
) -> dict[str, list[dict[str, Any]]]:
    """What a model makes of sentences, by direction.

    For each: the translation, its tokens, the token the model finds likeliest after each of them
    when it is given that translation, and the translation's mean log-probability.
    """
    import torch

    from eval.decoding import translate
    from korpu.nllb import tokens

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    found: dict[str, list[dict[str, Any]]] = {}
    for name, texts in sentences.items():
        source, target = direction(name)
        translations = translate(
            model, tokenizer, list(texts), (source, target), decode, max_length
        )
        found[name] = []
        for text, translation in zip(texts, translations, strict=True):
            ids = tokens.encode(tokenizer, [text], source)[0]
            labels = tokens.encode(tokenizer, [translation], target)[0]
            given = [base.config.decoder_start_token_id, *labels[:-1]]
            with torch.inference_mode():
                logits = base(
                    input_ids=torch.tensor([ids], device=base.device),
                    decoder_input_ids=torch.tensor([given], device=base.device),
                ).logits[0]
            scores = logits.float().log_softmax(-1)
            gold = torch.tensor(labels, device=base.device)[:, None]
            found[name].append(
                {
                    "translation": translation,
                    "tokens": labels,
                    "likeliest": scores.argmax(-1).tolist(),
                    "log_probability": float(scores.gather(1, gold).mean()),
                }
            )
    return found


def check(
    model: Any,
    tokenizer: Any,
    directories: Mapping[str, Path],
    sentences: Mapping[str, Sequence[str]],
    decode: Decode,
    max_length: int,
    quantize: str = "none",
) -> int:
    """Compare the model in memory with what a fresh process loads; returns how many sentences.

    ``directories`` has `model` (with its tokenizer), `adapter` where one was trained, and
    `orthography`, the file, where it is not beside the tokenizer. Raises ``SaysNo`` where one
    token differs, ``Infrastructure`` where the process cannot answer.
    """
    import torch

    device = next(model.parameters()).device
    request = {
        "directories": {name: str(path.absolute()) for name, path in directories.items()},
        "quantize": quantize,
        "sentences": {name: list(texts) for name, texts in sentences.items()},
        "decode": asdict(decode),
        "max_length": max_length,
        "threads": torch.get_num_threads(),
        "device": str(device),
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "train.reload"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    try:
        here = answers(model, tokenizer, sentences, decode, max_length)  # while it starts
        out, errors = child.communicate(json.dumps(request), timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise Infrastructure(f"the saved model did not load within {PATIENCE} s") from error
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    where = directories.get("adapter", directories["model"])
    if child.returncode:
        reason = (errors.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise SaysNo(f"{where}: what was saved does not load in a fresh process: {reason}")
    there = json.loads(out.splitlines()[-1])
    return _compare(here, there, str(where))


def _compare(here: Mapping[str, Any], there: Mapping[str, Any], where: str) -> int:
    count = 0
    for name, expected in here.items():
        for text, one, other in zip(range(len(expected)), expected, there[name], strict=True):
            same = all(one[key] == other[key] for key in ("translation", "tokens", "likeliest"))
            apart = abs(one["log_probability"] - other["log_probability"])
            if not same or not apart <= TOLERANCE:
                raise SaysNo(
                    f"{where}: loaded in a fresh process, the saved model is not the trained one "
                    f"({name}, sentence {text + 1}: {other['translation'][:60]!r} instead of "
                    f"{one['translation'][:60]!r}, log-probability {apart:.2g} apart)"
                )
            count += 1
    return count


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    import torch

    from korpu.nllb import orthography
    from korpu.nllb.loading import load_adapter, load_model
    from korpu.nllb.tokens import load_tokenizer, write_in

    torch.set_num_threads(request["threads"])
    places = request["directories"]
    tokenizer = load_tokenizer(places["model"])
    if "orthography" in places:
        write_in(tokenizer, orthography.from_json(Path(places["orthography"]).read_text("utf-8")))
    model = load_model(places["model"], request["device"], request["quantize"])
    if "adapter" in places:
        model = load_adapter(model, places["adapter"])
    found = answers(
        model, tokenizer, request["sentences"], Decode(**request["decode"]), request["max_length"]
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
