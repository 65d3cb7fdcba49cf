"""What a translation of documents needs to know beside the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from korpu.languages import language


@dataclass(frozen=True)
class Job:
    """``source`` and ``target`` are FLORES codes, ``model`` and ``version`` the bundle's.

    ``line`` asks for a sentence for readers that says what made the text, ``metadata`` for the
    same for programs. ``fields`` are those of an article that are text.
    """

    source: str
    target: str
    model: str
    version: str
    line: bool = False
    metadata: bool = False
    fields: tuple[str, ...] = ("title", "text")


_FROM = {
    "azj": {"azj": "azərbaycan", "uzn": "özbək", "eng": "ingilis", "rus": "rus", "tur": "türk"},
    "uzn": {"azj": "ozarbayjon", "uzn": "oʻzbek", "eng": "ingliz", "rus": "rus", "tur": "turk"},
}


def sentence(job: Job) -> str:
    """For readers, in the target language: a machine translation, from what, by what."""
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    to, model = job.target.partition("_")[0], f"{job.model} {job.version}"
    name = _FROM.get(to, {}).get(job.source.partition("_")[0])
    if to == "azj" and name:
        return f"Maşın tərcüməsi: {name} dilindən, {model} modeli."
    if to == "uzn" and name:
        before, after = f"Mashina tarjimasi: {name} tilidan, ", " modeli."
        if job.target == "uzn_Cyrl":
            before, after = uz_latin_to_cyrillic(before), uz_latin_to_cyrillic(after)
        return before + model + after
    return f"Machine translation from {language(job.source).name}, model {model}."


def facts(job: Job) -> Mapping[str, str | bool]:
    """For programs: the metadata of a translation."""
    return {
        "model": job.model,
        "version": job.version,
        "machine_translated": True,
        "from": language(job.source).iso,
        "to": language(job.target).iso,
    }
