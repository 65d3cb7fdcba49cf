"""Sentences and small functions the evaluation's tests share."""

from __future__ import annotations

import dataclasses
import os
import random
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from korpu.artifact import Artifact
from korpu.schema import Benchmark, Decode, Evaluate, Part, Recipe, Robustness

AZ = [
    "Prezident bu gün Bakıda xarici qonaqlarla görüşüb və yeni müqavilə imzalayıb.",
    "Hava proqnozuna görə sabah paytaxtda yağış yağacaq, temperatur 15 dərəcə olacaq.",
    "Yığma komandamız dünən keçirilən oyunda rəqibini 3:1 hesabı ilə məğlub edib.",
    "Mərkəzi Bank manatın dollara qarşı məzənnəsini 1,70 səviyyəsində saxlayıb.",
    "Universitetin tələbələri beynəlxalq müsabiqədə birinci yeri tutublar.",
    "Yeni muzeyin açılışında çoxlu sayda qonaq və jurnalist iştirak edib.",
    "Şəhərin mərkəzində təmir işləri gələn həftənin sonuna qədər davam edəcək.",
    "Nazirlik ölkədə 120 yeni məktəbin tikiləcəyini açıqlayıb.",
]
UZ = [
    "Prezident bugun Bokuda xorijiy mehmonlar bilan uchrashdi va yangi shartnoma imzoladi.",
    "Ob-havo maʼlumotiga koʻra, ertaga poytaxtda yomgʻir yogʻadi, harorat 15 daraja boʻladi.",
    "Terma jamoamiz kecha oʻtkazilgan oʻyinda raqibini 3:1 hisobida magʻlub etdi.",
    "Markaziy bank manatning dollarga nisbatan kursini 1,70 darajasida saqlab qoldi.",
    "Universitet talabalari xalqaro tanlovda birinchi oʻrinni egalladilar.",
    "Yangi muzeyning ochilishida koʻplab mehmonlar va jurnalistlar ishtirok etdi.",
    "Shahar markazida taʼmirlash ishlari keyingi hafta oxirigacha davom etadi.",
    "Vazirlik mamlakatda 120 ta yangi maktab qurilishini maʼlum qildi.",
]
DIRECTION = ("azj_Latn", "uzn_Latn")


def shared(*parts: str) -> Path:
    """A file of the shared data, or the test is skipped."""
    root = Path(os.environ.get("KORPU_SHARED", Path(__file__).parents[3] / "shared"))
    found = root.joinpath("data", *parts)
    if not found.exists():
        pytest.skip(f"needs {found} (KORPU_SHARED names the folder)")
    return found


def spoiled(texts: Sequence[str], share: float, seed: int = 0) -> list[str]:
    """Texts with a share of their words scrambled, as a worse system's output."""
    rng = random.Random(seed)
    return [
        " ".join(
            "".join(rng.sample(word, len(word))) if rng.random() < share else word
            for word in text.split()
        )
        for text in texts
    ]


def program(text: str) -> str:
    """A command that runs Python code; ``lines`` are those of its input."""
    begin = "import json, sys; sys.stdin.reconfigure(encoding='utf-8'); "
    begin += "sys.stdout.reconfigure(encoding='utf-8'); lines = sys.stdin.read().splitlines()\n"
    return shlex.join([sys.executable, "-c", begin + text, "{source}", "{target}"])


def decode(**changed: Any) -> Decode:
    plain = Decode(
        beam=1, length_penalty=1.0, max_new_tokens=24, no_repeat_ngram=0, batch_tokens=400
    )
    return dataclasses.replace(plain, **changed)


def rows(count: int = 24, **changed: Any) -> list[dict[str, Any]]:
    """Rows of a test split, three sentences a document, each row another text."""
    return [
        {
            "src": f"{AZ[i % len(AZ)][:-1]} {i}.",
            "tgt": f"{UZ[i % len(UZ)][:-1]} {i}.",
            "document": f"d{i // 3}",
            **changed,
        }
        for i in range(count)
    ]


BOTH = ["azj_Latn-uzn_Latn", "uzn_Latn-azj_Latn"]
Prepared = Callable[[Sequence[dict[str, Any]]], Artifact]


def part(**given: list[str]) -> Part:
    return Part(**{"origin": [], "section": [], "slice": [], **given})


def of(recipe: Recipe, benchmark: dict[str, Benchmark] | None = None, **given: Any) -> Recipe:
    plain: dict[str, Any] = {
        "systems": ["copy"],
        "directions": BOTH,
        "test": {"news": part()},
        "slices": None,
        "metrics": ["bleu", "chrf", "chrf_pp"],
        "bootstrap": 50,
        "backend": "hf",
        "compute_type": "float32",
        "robustness": Robustness(perturbations=[], lines=200),
    }
    evaluate = Evaluate(**{**plain, **given})
    return dataclasses.replace(recipe, evaluate=evaluate, benchmark=benchmark or {})
