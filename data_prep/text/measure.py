"""How well identify, transliterate and normalize do, on the shared data and own sentences.

`korpu bench text what=identify|transliterate|normalize|icu part=odd`, or
`python -m data_prep.text.measure what=…`. Markdown tables on stdout; the data is read from
``$KORPU_SHARED`` or ``../shared/data`` and is not part of korpu.

The constants of ``identify`` were chosen on the even documents of the visible NTREX half; the odd
ones are for reporting.
"""

from __future__ import annotations

import importlib
import itertools
import os
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

from data_prep.text.identify import identify, identify_many
from data_prep.text.normalize import normalize
from data_prep.text.orthography import ORTHOGRAPHIES, from_orthography, to_orthography
from data_prep.text.samples import SAMPLES, UNSEEN, samples
from data_prep.text.transliterate import (
    az_cyrillic_to_latin,
    uz_cyrillic_to_latin,
    uz_latin_to_cyrillic,
)
from korpu import bench
from korpu.errors import DONE, UsageError

WORDS = {"what": "identify", "part": "odd", "data": ""}
OURS = ("azj", "uzn")
NTREX = ("azj_Latn", "uzn_Latn", "tur_Latn", "tuk_Latn", "kaz_Cyrl", "kir_Cyrl", "rus_Cyrl",
         "eng_Latn")  # fmt: skip
SNIPPETS, SEED = 3, 7
"""Random windows of three words drawn from each line, and the seed of the draw."""

_AZ_LATIN, _AZ_CYRILLIC = "abvqğdeəjziykglmnoöprstuüfxhçcş", "абвгғдеәжзијкҝлмноөпрстуүфхһчҹш"
_TO_AZ_CYRILLIC = str.maketrans(
    f"{_AZ_LATIN}ı{_AZ_LATIN.replace('i', 'İ').upper()}I",
    f"{_AZ_CYRILLIC}ы{_AZ_CYRILLIC.upper()}Ы",
)
_WORD = re.compile(r"[\wʻʼ]+")
_APOSTROPHE = re.compile("[ʻʼ‘’'`´]")


def main(words: Sequence[str]) -> int:
    """Print the tables of ``what``; returns 0. Raises ``UsageError`` for its words and data."""
    given = bench.parsed("korpu bench text", list(words), WORDS)
    root = data(given["data"])
    tables = {
        "identify": lambda: identification(root, given["part"]),
        "transliterate": lambda: transliteration(root),
        "normalize": lambda: normalization(root),
        "icu": lambda: agreement(root),
    }
    if given["what"] not in tables:
        raise UsageError(f"what must be one of {', '.join(tables)}, not {given['what']!r}")
    if given["part"] not in ("odd", "even", "all"):
        raise UsageError(f"part must be odd, even or all, not {given['part']!r}")
    for line in tables[given["what"]]():
        print(line)
    return DONE


def data(directory: str = "") -> Path:
    """Where NTREX and UDHR lie. Raises ``UsageError`` if they do not."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    root = Path(directory or os.environ.get("KORPU_SHARED", default))
    for found in (root, root / "data"):
        if (found / "ntrex").is_dir():
            return found
    raise UsageError(f"no ntrex/ under {root}: name the folder with data=DIR or $KORPU_SHARED")


def ntrex(root: Path, part: str) -> dict[str, list[str]]:
    """Lines per language of the odd or even documents (counted from 0), or of all.

    Uzbek and Azerbaijani Cyrillic are made from the Latin, the latter letter by letter.
    """
    documents = _read(root / "ntrex" / "documents.txt")
    number = {d: n for n, d in enumerate(dict.fromkeys(documents))}
    keep = [part == "all" or number[d] % 2 == (part == "odd") for d in documents]
    lines = {
        code: list(itertools.compress(_read(root / "ntrex" / f"ntrex.{code}"), keep))
        for code in NTREX
    }
    lines["uzn_Cyrl"] = [uz_latin_to_cyrillic(line) for line in lines["uzn_Latn"]]
    lines["azj_Cyrl"] = [line.translate(_TO_AZ_CYRILLIC) for line in lines["azj_Latn"]]
    return lines


def snippets(lines: Iterable[str], draws: int = SNIPPETS, seed: int = SEED) -> list[str]:
    """Random windows of three words, ``draws`` from each line that has so many."""
    rng = random.Random(seed)
    found = []
    for words in (line.split() for line in lines):
        for _ in range(draws if len(words) >= 3 else 0):
            start = rng.randrange(len(words) - 2)
            found.append(" ".join(words[start : start + 3]))
    return found


def identification(root: Path, part: str) -> Iterable[str]:
    """Recall, lines accepted as ours, snippets, typing variants, lines per CPU-second."""
    lines = ntrex(root, part)
    identify("Salam dünya")  # loads the models
    yield (
        f"| NTREX, {part} documents | n | right % | as az/uz "
        "| 3 words: n | right % | as az/uz % | lines/s |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for code, group in lines.items():
        start = time.process_time()
        found = [f.language for f in identify_many(group)]
        rate = len(group) / (time.process_time() - start)
        cut = snippets(group)
        short = [f.language for f in identify_many(cut)]
        ours = "–" if code[:3] in OURS else str(_ours(found))
        short_ours = "–" if code[:3] in OURS else f"{100 * _ours(short) / len(cut):.2f}"
        yield (
            f"| {code} | {len(group)} | {_share(found, code)} | {ours} | {len(cut)} "
            f"| {_share(short, code)} | {short_ours} | {rate:.0f} |"
        )
    yield from _variants(lines)
    yield "\n| own sentences | n | right | as az/uz | taken for |"
    yield "|---|---|---|---|---|"
    for name, texts in (("", SAMPLES), (", unseen", UNSEEN)):
        for code in texts:
            found = [f.language for f in identify_many(samples(code, texts))]
            others = Counter(f for f in found if f != code)
            taken = ", ".join(f"{other} {n}" for other, n in others.most_common())
            right = found.count(code)
            yield f"| {code}{name} | {len(found)} | {right} | {_ours(found)} | {taken} |"


def _variants(lines: dict[str, list[str]]) -> Iterable[str]:
    yield "\n| as typed | code | n | right % | as az/uz |"
    yield "|---|---|---|---|---|"
    uzbek = [normalize(line, "uzn_Latn") for line in lines["uzn_Latn"]]
    forms: dict[str, Callable[[str], str]] = {
        f"apostrophes {mark}": partial(_APOSTROPHE.sub, mark) for mark in "ʻʼ‘’'`´"
    }
    forms["apostrophes left out"] = partial(_APOSTROPHE.sub, "")
    for year in list(ORTHOGRAPHIES)[1:]:
        forms[f"spelling of {year}"] = partial(to_orthography, name=year)
    for name, form in forms.items():
        found = [identify(form(line)).language for line in uzbek]
        yield f"| {name} | uzn_Latn | {len(found)} | {_share(found, 'uzn_Latn')} | – |"
    for name, change in (("SHOUTED", _upper), ("lower case", _lower)):
        for code, group in lines.items():
            found = [identify(change(line, code)).language for line in group]
            ours = "–" if code[:3] in OURS else str(_ours(found))
            yield f"| {name} | {code} | {len(found)} | {_share(found, code)} | {ours} |"


def _upper(text: str, code: str) -> str:
    return (text.replace("i", "İ") if code in ("azj_Latn", "tur_Latn") else text).upper()


def _lower(text: str, code: str) -> str:
    dotless = code in ("azj_Latn", "tur_Latn")
    return (text.replace("I", "ı") if dotless else text).replace("İ", "i").lower()


def transliteration(root: Path) -> Iterable[str]:
    """Words that differ from UDHR in each direction, and after both."""
    cyrillic = _read(root / "udhr" / "udhr.uzn_Cyrl")
    latin = [normalize(t, "uzn_Latn") for t in _read(root / "udhr" / "udhr.uzn_Latn")]
    news = [normalize(t, "uzn_Latn") for t in ntrex(root, "all")["uzn_Latn"]]
    there = uz_latin_to_cyrillic
    back = uz_cyrillic_to_latin
    rows: list[tuple[str, list[str], list[str]]] = [
        ("UDHR Cyrillic → Latin", [back(t) for t in cyrillic], latin),
        ("UDHR Latin → Cyrillic", [there(t) for t in latin], cyrillic),
        ("UDHR Latin → Cyrillic → Latin", [back(there(t)) for t in latin], latin),
        ("UDHR Cyrillic → Latin → Cyrillic", [there(back(t)) for t in cyrillic], cyrillic),
        ("NTREX Latin → Cyrillic → Latin", [back(there(t)) for t in news], news),
    ]
    yield "| | words | differ | which (ours/theirs) |"
    yield "|---|---|---|---|"
    for name, ours, theirs in rows:
        pairs = [p for o, t in zip(ours, theirs, strict=True) for p in _word_pairs(o, t)]
        wrong = Counter(p for p in pairs if p[0] != p[1])
        shown = ", ".join(f"{a}/{b} ×{n}" for (a, b), n in wrong.most_common(12))
        yield f"| {name} | {len(pairs)} | {sum(wrong.values())} | {shown} |"


def agreement(root: Path) -> Iterable[str]:
    """Words that ICU's transforms spell otherwise, apart from the apostrophe's code point.

    Needs PyICU, which korpu does not depend on; raises ``UsageError`` without it.
    """
    try:
        create = importlib.import_module("icu").Transliterator.createInstance
    except ImportError:
        raise UsageError(
            "what=icu needs PyICU: install icukit-pyicu in another environment and name its "
            "site-packages in PYTHONPATH"
        ) from None
    lines = ntrex(root, "all")
    az = [t.translate(_TO_AZ_CYRILLIC) for t in _read(root / "udhr" / "udhr.azj_Latn")]
    uz = _read(root / "udhr" / "udhr.uzn_Cyrl")
    to_latin = {"uzn": uz_cyrillic_to_latin, "azj": az_cyrillic_to_latin}
    transforms = {"uzn": create("uz_Cyrl-uz_Latn"), "azj": create("az_Cyrl-az/BGN")}
    yield "| against ICU | words | agree % | which differ (ours/ICU's) |"
    yield "|---|---|---|---|"
    rows = (("UDHR", "uzn", uz), ("NTREX", "uzn", lines["uzn_Cyrl"]), ("UDHR", "azj", az),
            ("NTREX", "azj", lines["azj_Cyrl"]))  # fmt: skip
    for name, code, texts in rows:
        words, wrong = 0, Counter[str]()
        for text in texts:
            ours = _plain_words(to_latin[code](text))
            theirs = _plain_words(
                unicodedata.normalize("NFC", transforms[code].transliterate(text))
            )
            words += len(ours)
            for change, i, j, k, m in SequenceMatcher(None, ours, theirs, False).get_opcodes():
                if change != "equal":
                    wrong[f"{' '.join(ours[i:j])}/{' '.join(theirs[k:m])}"] += max(j - i, 1)
        agree = 100 * (1 - sum(wrong.values()) / words)
        shown = ", ".join(f"{pair} ×{n}" for pair, n in wrong.most_common(10))
        yield f"| {name} {code} | {words} | {agree:.2f} | {shown} |"


def _plain_words(text: str) -> list[str]:
    return _WORD.findall(re.sub("'+", "ʼ", _APOSTROPHE.sub("'", text)))


def normalization(root: Path) -> Iterable[str]:
    """Lines that a second run changes, lines per CPU-second, and reform spellings undone."""
    lines = ntrex(root, "all")
    yield "| NTREX | lines | changed | changed again | lines/s |"
    yield "|---|---|---|---|---|"
    for code in ("azj_Latn", "uzn_Latn", "azj_Cyrl", "uzn_Cyrl"):
        start = time.process_time()
        once = [normalize(t, code) for t in lines[code]]
        rate = len(once) / (time.process_time() - start)
        changed = sum(a != b for a, b in zip(lines[code], once, strict=True))
        again = sum(normalize(t, code) != t for t in once)
        yield f"| {code} | {len(once)} | {changed} | {again} | {rate:.0f} |"
    yield "\n| 1995 → spelling → 1995 | words | differ | which |"
    yield "|---|---|---|---|"
    udhr = _read(root / "udhr" / "udhr.uzn_Latn")
    for name, texts in (("UDHR", udhr), ("NTREX", lines["uzn_Latn"])):
        clean = [normalize(t, "uzn_Latn") for t in texts]
        for year in list(ORTHOGRAPHIES)[1:]:
            pairs = [
                pair
                for t in clean
                for pair in _word_pairs(from_orthography(to_orthography(t, year), year), t)
            ]
            wrong = Counter(p for p in pairs if p[0] != p[1])
            shown = ", ".join(f"{a}/{b} ×{n}" for (a, b), n in wrong.most_common(4))
            yield f"| {name} {year} | {len(pairs)} | {sum(wrong.values())} | {shown} |"


def _word_pairs(ours: str, theirs: str) -> list[tuple[str | None, str | None]]:
    return list(itertools.zip_longest(_WORD.findall(ours), _WORD.findall(theirs)))


def _share(found: Sequence[str], code: str) -> str:
    return f"{100 * found.count(code) / max(len(found), 1):.2f}"


def _ours(found: Iterable[str]) -> int:
    return sum(language[:3] in OURS for language in found)


def _read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
