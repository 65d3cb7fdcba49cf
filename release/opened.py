"""A bundle opened for translation: checked, loaded, and asked in languages and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from korpu.bundle import verify
from release import backend, contract
from release.formats.rendering import Languages, Run

WRITTEN_IN = {"uzn_Cyrl": "uzn_Latn"}
"""Scripts that are written from another one after translation."""


@dataclass(frozen=True)
class Opened:
    """``name``, ``version`` and ``form`` say what translates."""

    name: str
    version: str
    form: str
    contract: Mapping[str, Any]
    translate: backend.Translate

    def run(self, source: str, target: str) -> tuple[Run, Languages]:
        """The function for a direction. Raises ``UsageError`` for one the bundle does not have."""
        way = check(self.contract, source, target)

        def run(texts: Sequence[str]) -> list[str]:
            return self.translate(texts, way)

        return run, Languages(way[0], target, _finish(target))


def check(found: Mapping[str, Any], source: str, target: str) -> tuple[str, str]:
    """The direction as the model knows it. Raises ``UsageError`` naming the bundle's."""
    return backend.check_direction(found, source, WRITTEN_IN.get(target, target))


def open_bundle(where: Path, wanted: str | None) -> Opened:
    """Check a bundle's files and load the wanted format.

    Raises ``UsageError`` for a format it does not have, ``SaysNo`` for files that are not the
    published ones.
    """
    found = contract.load(where)
    form = backend.choose(found, wanted)
    manifest = verify(where, parts=(contract.NAME, form))
    run = backend.load(where, found, form)
    return Opened(manifest["name"], manifest["version"], form, found, run)


def _finish(target: str) -> Callable[[str], str]:
    if target != "uzn_Cyrl":
        return str
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    return uz_latin_to_cyrillic
