"""How a page comes to show other characters than its author meant.

Keyboards and content systems change apostrophes and letters; a reader does not notice, a corpus
does. Every habit is a pure function of the text and a seeded stream.
"""

from __future__ import annotations

import random
import re
import unicodedata

from examples.newsroom.cyrillic import to_cyrillic

TURNED, TUTUQ = "ʻ", "ʼ"  # U+02BB in oʻ gʻ, U+02BC elsewhere
# name → (what stands for U+02BB, what stands for U+02BC)
APOSTROPHES = {
    "canonical": (TURNED, TUTUQ),
    "curly": ("‘", "’"),
    "right-curly": ("’", "’"),
    "ascii": ("'", "'"),
    "backtick": ("`", "`"),
}
UZ_HABITS = ("canonical", "curly", "curly", "right-curly", "ascii", "ascii", "backtick", "mixed")
AZ_HABITS = ("canonical",) * 22 + ("decomposed", "comma-below", "cyrillic-schwa")


def show(text: str, habit: str, rng: random.Random) -> str:
    """`text` (canonical) as a page with this habit prints it."""
    if habit == "cyrillic":
        return to_cyrillic(text)
    if habit in APOSTROPHES:
        turned, tutuq = APOSTROPHES[habit]
        return text.replace(TURNED, turned).replace(TUTUQ, tutuq)
    if habit == "mixed":
        styles = list(APOSTROPHES.values())
        return re.sub(f"[{TURNED}{TUTUQ}]", lambda m: rng.choice(styles)[m[0] == TUTUQ], text)
    if habit == "decomposed":
        return unicodedata.normalize("NFD", text)
    if habit == "comma-below":
        return text.replace("ş", "ș").replace("Ş", "Ș")
    if habit == "cyrillic-schwa":
        swap = {"ə": "ә", "Ə": "Ә"}
        return re.sub("[əƏ]", lambda m: swap[m[0]] if rng.random() < 0.3 else m[0], text)
    raise ValueError(f"unknown habit '{habit}'")
