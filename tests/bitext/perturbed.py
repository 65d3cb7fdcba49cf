"""Test lines as they come back from the web: edited, cut, joined, in another script."""

from __future__ import annotations

import random
import re

from data_prep.text.transliterate import uz_latin_to_cyrillic

AS_IT_IS, CYRILLIC = "as it is", "Cyrillic"
KINDS = (
    AS_IT_IS, "upper case", "other apostrophes, no quotation marks", "no punctuation", CYRILLIC,
    "beside another line", "last two thirds beside another line", "first two thirds", "last half",
    "one word dropped", "one word inserted", "one word changed", "two words changed",
    "one letter in 60 wrong", "two neighbours swapped", "halves swapped", "words shuffled",
)  # fmt: skip
_AZ = str.maketrans(
    "abvqğdeəjziyglmnoöprstuüfxhçcşıkABVQĞDEƏJZİYGLMNOÖPRSTUÜFXHÇCŞIK",
    "абвгғдеәжзијҝлмноөпрстуүфхһчҹшыкАБВГҒДЕӘЖЗИЈҜЛМНОӨПРСТУҮФХҺЧҸШЫК",
)


def perturb(kind: str, line: str, other: str, chance: random.Random) -> str:
    """``line`` changed as ``kind`` says; ``other`` gives it company, or words."""
    words = line.split()
    size, strange = len(words), other.split()
    if kind == "upper case":
        return line.replace("i", "İ").upper() if re.search("[əƏ]", line) else line.upper()
    if kind == "other apostrophes, no quotation marks":
        return re.sub('[“”"„«»]', "", re.sub("[ʻʼ‘’'`]", "`", line))
    if kind == "no punctuation":
        return re.sub(r"[^\w\sʻʼ‘’'`]", " ", line)
    if kind == CYRILLIC:
        return line.translate(_AZ) if re.search("[əƏıİ]", line) else uz_latin_to_cyrillic(line)
    if kind == "one letter in 60 wrong":
        letters = list(line)
        for at in chance.sample(range(len(letters)), max(1, len(letters) // 60)):
            letters[at] = "x"
        return "".join(letters)
    at = chance.randrange(size)
    if kind == "beside another line":
        words = strange + words
    elif kind == "last two thirds beside another line":
        words = words[size // 3 :] + strange
    elif kind == "first two thirds":
        words = words[: -(-size * 2 // 3)]
    elif kind == "last half":
        words = words[size // 2 :]
    elif kind == "one word dropped":
        del words[at]
    elif kind == "one word inserted":
        words.insert(at, chance.choice(strange))
    elif kind in ("one word changed", "two words changed"):
        changed = {at} if kind.startswith("one") else {at, (at + size // 2) % size}
        words = [chance.choice(strange) if n in changed else w for n, w in enumerate(words)]
    elif kind == "two neighbours swapped":
        words[at : at + 2] = words[at : at + 2][::-1]
    elif kind == "halves swapped":
        words = words[size // 2 :] + words[: size // 2]
    elif kind == "words shuffled":
        chance.shuffle(words)
    return " ".join(words)
