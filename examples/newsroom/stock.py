"""The written stock: sentence templates and their fillers, loaded from YAML and filled in.

`templates/<desk>.yaml` holds sentences in both languages with slots, `slots-*.yaml` what can stand
in a slot. README.md describes both. Loading checks what filling relies on; `check.py` the rest.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from examples.newsroom.morphology import FORMS, Language, inflect

HERE = Path(__file__).parent
DESKS = ("weather", "rates", "sport", "diplomacy", "culture", "technology")
SLOT = re.compile(r"\{([a-z_]+)(\d*)(?::([a-z+]+))?\}")
DATED = ("day", "month", "year", "weekday")  # taken from the article's date unless drawn
_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StockError(Exception):
    """A template or slot file is missing or wrong; the message is one sentence with the place."""


@dataclass(frozen=True)
class Filler:
    """One thing that can stand in a slot, in both languages."""

    az: str
    uz: str
    late: bool = False
    gender: str = ""
    az_f: str = ""
    uz_f: str = ""
    az_possessive: bool = False
    uz_possessive: bool = False
    az_forms: Mapping[str, str] = field(default_factory=dict)
    uz_forms: Mapping[str, str] = field(default_factory=dict)

    def form(self, language: Language, forms: tuple[str, ...]) -> str:
        """The filler in `language`, inflected."""
        if language == "az":
            return inflect(
                "az", self.az, forms, possessive=self.az_possessive, overrides=self.az_forms
            )
        return inflect("uz", self.uz, forms, possessive=self.uz_possessive, overrides=self.uz_forms)

    @property
    def proper(self) -> bool:
        """Whether it is a name: its first letter is upper case in Azerbaijani."""
        return next((c.isupper() for c in self.az if c.isalpha()), False)


@dataclass(frozen=True)
class Slot:
    """`{city2:loc}`: name `city2`, type `city`, forms `("loc",)`."""

    name: str
    type: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """One sentence in both languages."""

    id: str
    desk: str
    az: str
    uz: str
    draw: Mapping[str, str] = field(default_factory=dict)
    late: bool = False

    def text(self, language: Language) -> str:
        """The unfilled sentence."""
        return self.az if language == "az" else self.uz

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the Azerbaijani side, one per name, in order of appearance."""
        return tuple({slot.name: slot for slot in slots_of(self.az)}.values())

    def fill(self, language: Language, binding: Mapping[str, Filler]) -> str:
        """The sentence with every slot replaced by its inflected filler."""

        def one(match: re.Match[str]) -> str:
            forms = tuple(match[3].split("+")) if match[3] else ()
            return binding[match[1] + match[2]].form(language, forms)

        return SLOT.sub(one, self.text(language))


@dataclass(frozen=True)
class Desk:
    """A desk: its URL sections, headlines and sentences."""

    name: str
    section: Mapping[str, str]
    headlines: tuple[Template, ...]
    templates: tuple[Template, ...]


@dataclass(frozen=True)
class Stock:
    """Everything that was written by hand."""

    desks: Mapping[str, Desk]
    fillers: Mapping[str, tuple[Filler, ...]]

    @property
    def templates(self) -> list[Template]:
        """All sentence templates, headlines not counted."""
        return [template for desk in self.desks.values() for template in desk.templates]


def slots_of(text: str) -> list[Slot]:
    """The slots of a sentence in order."""
    return [
        Slot(m[1] + m[2], m[1], tuple(m[3].split("+")) if m[3] else ()) for m in SLOT.finditer(text)
    ]


def number(rule: str, rng: random.Random) -> Filler:
    """A number by rule: `int LO HI [STEP]` or `dec LO HI PLACES` (decimal comma).

    Raises:
        StockError: the rule is neither.
    """
    kind, *words = rule.split()
    if kind == "int" and len(words) in (2, 3):
        low, high, step = (int(word) for word in [*words, "1"][:3])
        text = str(rng.randrange(low, high + 1, step))
    elif kind == "dec" and len(words) == 3:
        scale: int = 10 ** int(words[2])
        low, high = round(float(words[0]) * scale), round(float(words[1]) * scale)
        value = rng.randint(low, high)
        text = f"{value // scale},{value % scale:0{int(words[2])}d}"
    else:
        raise StockError(f"draw '{rule}' is neither 'int LO HI [STEP]' nor 'dec LO HI PLACES'")
    return Filler(text, text)


def person(given: Filler, surname: Filler) -> Filler:
    """Given name and surname as one filler; suffixes go on the surname."""
    female = given.gender == "f"
    az = surname.az_f if female and surname.az_f else surname.az
    uz = surname.uz_f if female and surname.uz_f else surname.uz
    return Filler(f"{given.az} {az}", f"{given.uz} {uz}", late=given.late or surname.late)


def load(folder: Path = HERE) -> Stock:
    """Read `templates/*.yaml` and `slots-*.yaml` under `folder`.

    Raises:
        StockError: a file is missing or malformed, a slot has no fillers, a form is unknown.
    """
    fillers: dict[str, tuple[Filler, ...]] = {}
    files = sorted(folder.glob("slots-*.yaml"))
    if not files:
        raise StockError(f"no slots-*.yaml in {folder}: restore them from the repository")
    for path in files:
        for kind, entries in _read(path).items():
            if kind in fillers:
                raise StockError(f"{path}: '{kind}' is defined in another slots file too")
            fillers[kind] = tuple(_make(Filler, entry, path, kind) for entry in entries)
    desks = {name: _desk(folder / "templates" / f"{name}.yaml", name) for name in DESKS}
    for kind, count in (("month", 12), ("weekday", 7)):
        if len(fillers.get(kind, ())) not in (0, count):
            raise StockError(f"slots-*.yaml: '{kind}' needs its {count} names in order")
    stock = Stock(desks, fillers)
    for desk in desks.values():
        for template in (*desk.headlines, *desk.templates):
            _validate(template, stock)
    return stock


def site(folder: Path = HERE) -> dict[str, Any]:
    """`site.yaml`: labels, advertisements, side-only lines, articles in other languages."""
    return _read(folder / "site.yaml")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise StockError(f"{path} is missing: restore it from the repository")
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StockError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise StockError(f"{path} must be a mapping")
    return data


def _make(cls: type[Any], entry: Any, path: Path, place: str) -> Any:
    try:
        return cls(**entry)
    except TypeError as error:
        raise StockError(f"{path}: {place}: {entry!r}: {error}") from error


def _desk(path: Path, name: str) -> Desk:
    data = _read(path)
    try:
        section = data["section"]
        headlines, templates = (
            tuple(
                replace(_make(Template, {"desk": name, **entry}, path, kind), desk=name)
                for entry in data[kind]
            )
            for kind in ("headlines", "templates")
        )
        if data["desk"] != name or not {"az", "uz"} <= section.keys():
            raise StockError(f"{path}: needs 'desk: {name}' and section slugs for az and uz")
    except (KeyError, TypeError) as error:
        raise StockError(f"{path}: {type(error).__name__}: {error}") from error
    return Desk(name, section, headlines, templates)


def _validate(template: Template, stock: Stock) -> None:
    sides = [slots_of(template.az), slots_of(template.uz)]
    if {slot.name for slot in sides[0]} != {slot.name for slot in sides[1]}:
        raise StockError(f"template {template.id}: the two sides have different slots")
    for text in (template.az, template.uz):
        if re.search(r"[{}]", SLOT.sub("", text)):
            raise StockError(f"template {template.id}: malformed slot in '{text}'")
    for slot in (*sides[0], *sides[1]):
        if unknown := set(slot.forms) - set(FORMS):
            raise StockError(f"template {template.id}: unknown form '{unknown.pop()}'")
        if slot.name in template.draw or slot.name in ("day", "year"):
            continue
        needed = ("given", "surname") if slot.type == "person" else (slot.type,)
        if not all(stock.fillers.get(kind) for kind in needed):
            raise StockError(
                f"template {template.id}: slot '{slot.name}' has no fillers in slots-*.yaml"
                " and no draw"
            )
