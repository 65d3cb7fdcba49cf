"""Why pairs are rejected: the order in which that is decided, and each reason in words."""

from __future__ import annotations

from collections.abc import Iterable

from data_prep.bitext import filter
from korpu import schema

CONTAMINATED = "contaminated: "  # and the benchmark's name
OF_DOCUMENTS = ("near document", "undated")  # reasons that take a document whole, with the above


def of_document(reason: str) -> bool:
    """Whether the reason takes every pair of a document."""
    return reason in OF_DOCUMENTS or reason.startswith(CONTAMINATED)


def ordered(names: Iterable[str]) -> list[str]:
    """In the order in which they are tried; names that are not known here come last."""
    order = {name: place for place, name in enumerate(_order())}

    def place(name: str) -> tuple[int, str]:
        known = CONTAMINATED if name.startswith(CONTAMINATED) else name
        return order.get(known, len(order)), name

    return sorted(names, key=place)


def _order() -> tuple[str, ...]:
    # a margin comes with the pair, `copy` and `language` are dear and tried on what is left, and
    # what takes the whole corpus to decide comes last
    late = ("copy", "language")
    early = [name for name in filter.RULES if name not in late]
    return (
        "margin", *early, *late, CONTAMINATED, "boilerplate", "duplicate", "near duplicate",
        "undated", "synthetic", "near document", "train_side", "test_side",
    )  # fmt: skip


def filters(prepare: schema.Prepare) -> list[str]:
    """The rules of single pairs that this recipe applies, in order."""
    off = {
        name
        for name in ("numbers", "dates", "urls", "currencies", "profanity", "language")
        if not getattr(prepare.filter, name)
    }
    return [name for name in ordered(["margin", *filter.RULES]) if name not in off]


def meaning(name: str, prepare: schema.Prepare) -> str:
    """The reason as half a sentence with the recipe's own numbers; empty for an unknown one."""
    if name.startswith(CONTAMINATED):
        return f"its document holds a line of the benchmark {name.removeprefix(CONTAMINATED)}"
    rules = prepare.filter
    return {
        "margin": f"aligned with a margin below {prepare.align.sentence_margin:g}",
        "empty": "a side has no text",
        "short": f"a side has fewer than {rules.min_characters} characters",
        "long": f"a side has more than {rules.max_characters} characters",
        "ratio": f"one side has more than {rules.max_ratio:g} times the characters of the other",
        "alphabetic": f"letters are less than {rules.min_alphabetic:.0%} of a side",
        "script": "a side is not in the script of its language",
        "markup": "tags, entities or special tokens are left in a side",
        "placeholders": "the two sides hold different placeholders",
        "repetition": f"one word is more than {rules.max_repeat:.0%} of a side, or the same words "
        "stand three times in a row",
        "copy": f"the sides are the same to more than {rules.max_copy:.0%}",
        "numbers": "the sides hold different numbers",
        "dates": "the sides name different dates",
        "urls": "the sides hold different addresses",
        "currencies": "the sides name different currencies",
        "profanity": "a side holds a word of the profanity list",
        "language": "a side is in another language than it claims",
        "boilerplate": f"a sentence stands in more than {rules.boilerplate} documents",
        "duplicate": "a better pair has the same "
        + ("two sides" if prepare.dedupe.side == "both" else "source or the same target"),
        "near duplicate": "a better pair is nearly the same and holds the same numbers",
        "undated": "the document has no date, so no split can hold it",
        "near document": "the document is nearly one of a later split",
        "synthetic": "a machine wrote a side, and dev or test has its date or its other side",
        "train_side": "train has one of its sides, so it cannot be tested on",
        "test_side": "test has one of its sides, so dev cannot",
    }.get(name, "")
