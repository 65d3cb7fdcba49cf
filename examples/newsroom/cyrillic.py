"""Uzbek Latin to Cyrillic, as the newsroom's own Cyrillic pages print it.

Letters follow the 1995 table read backwards. What the Latin script has dropped (the soft sign, ц,
я after a hard consonant) comes back from a list of stems; the rest is by rule. This is the
generator's side of the script question: the pipeline has its own transliteration and neither
knows the other.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Latin stem → Cyrillic stem. A final soft sign falls before a suffix: сентябрь, but сентябрда.
_STEMS = {
    "yanvar": "январь", "fevral": "февраль", "aprel": "апрель", "iyun": "июнь", "iyul": "июль",
    "sentabr": "сентябрь", "oktabr": "октябрь", "noyabr": "ноябрь", "dekabr": "декабрь",
    "film": "фильм", "multfilm": "мультфильм", "telefilm": "телефильм", "festival": "фестиваль",
    "albom": "альбом", "ansambl": "ансамбль", "spektakl": "спектакль", "rol": "роль",
    "model": "модель", "avtomobil": "автомобиль", "elektromobil": "электромобиль",
    "mobil": "мобиль", "medal": "медаль", "panel": "панель", "parol": "пароль", "detal": "деталь",
    "dizel": "дизель", "kabel": "кабель", "rubl": "рубль", "ruble": "рубль", "nol": "ноль",
    "asfalt": "асфальт", "pult": "пульт", "fakultet": "факультет", "multi": "мульти",
    "multimedia": "мультимедиа", "ultra": "ультра", "konsultatsiya": "консультация",
    "kultura": "культура", "kompyuter": "компьютер", "premyera": "премьера", "karyera": "карьера",
    "pyesa": "пьеса", "intervyu": "интервью", "obyekt": "объект", "subyekt": "субъект",
    "syomka": "съёмка", "konsert": "концерт", "kontsert": "концерт", "sentr": "центр", "sex": "цех",
    "sirk": "цирк", "sement": "цемент", "sikl": "цикл", "siklon": "циклон",
    "antisiklon": "антициклон", "seremoniya": "церемония", "sivilizatsiya": "цивилизация",
    "lisey": "лицей", "litsey": "лицей", "litsenziya": "лицензия", "dotsent": "доцент",
    "protsent": "процент", "protsessor": "процессор", "mikroprotsessor": "микропроцессор",
    "ofitsial": "официал", "ofitser": "офицер", "spetsial": "специал", "matritsa": "матрица",
    "aksiya": "акция", "pensiya": "пенсия", "versiya": "версия", "sessiya": "сессия",
    "komissiya": "комиссия", "mikrorayon": "микрорайон", "budjet": "бюджет", "buro": "бюро",
    "alyans": "альянс", "selsiy": "цельсий", "fransiya": "франция", "shveysariya": "швейцария",
    "sinxronizatsiya": "синхронизация", "donetsk": "донецк", "nitssa": "ницца",
    "kapsula": "капсула", "rejissyor": "режиссёр", "aktyor": "актёр", "vratar": "вратарь",
    "gastrol": "гастроль", "kremniy": "кремний", "gospital": "госпиталь",
    "meteostansiya": "метеостанция", "marsel": "марсель", "bryussel": "брюссель",
    "vilnyus": "вильнюс", "polsha": "польша", "belgiya": "бельгия", "vals": "вальс",
    "palto": "пальто", "valyuta": "валюта", "selsiya": "цельсия", "finlandiya": "финляндия",
    "irlandiya": "ирландия", "rayon": "район",
    "nikel": "никель", "folklor": "фольклор", "tekstil": "текстиль", "premyer": "премьер",
    "penalti": "пенальти", "mayor": "майор", "neft": "нефть", "auksion": "аукцион",
    "ssenariy": "сценарий", "ssenariynavis": "сценарийнавис", "poyabzal": "пойабзал",
}  # fmt: skip
_ORDERED = sorted(_STEMS, key=len, reverse=True)
# A stem that opens longer native words may only take these endings.
_SUFFIX = re.compile(
    r"(?:(?:i|si|im|imiz|lar|lari|ning|ni|da|dan|ga|ka|qa|gacha|dagi|dagilar|chi|chilar|chilari"
    r"|li|lik|siz|cha|day|dek|mi|ku|iy|dir|ining|ini|ida|idan|iga|idagi|sining|sini|sida|sidan"
    r"|siga|sidagi|larning|larni|larda|lardan|larga|larining|larini|larida|laridan|lariga|lash"
    r"|lashtirish|lashgan|ligi|ligini|chisi|chining|chiga|imizning|imizda)?)$"
)
_PAIRS = {
    "oʻ": "ў", "gʻ": "ғ", "sh": "ш", "ch": "ч", "yo": "ё", "yu": "ю", "ya": "я", "ye": "е",
}  # fmt: skip
_SINGLE = dict(
    zip("abdefghijklmnopqrstuvxyzcw", "абдефгҳижклмнопқрстувхйзкв", strict=True), **{"ʼ": "ъ"}
)
_VOWELS = "aeiou"
_WORD = re.compile(r"[A-Za-zʻʼ]+")


def to_cyrillic(text: str) -> str:
    """Uzbek in canonical Latin (U+02BB, U+02BC) → Cyrillic; anything else passes unchanged."""
    return _WORD.sub(lambda match: _word(match[0]), text)


@lru_cache(maxsize=20_000)
def _word(word: str) -> str:
    lower = word.lower()
    if re.search("c(?!h)", lower):
        return word  # not an Uzbek word: CC0
    for stem in _ORDERED:
        if lower.startswith(stem) and _SUFFIX.match(lower, len(stem)):
            rest = word[len(stem) :]
            cyrillic = _STEMS[stem]
            if rest and cyrillic.endswith("ь"):
                cyrillic = cyrillic[:-1]
            if len(word) > 1 and word.isupper():
                cyrillic = cyrillic.upper()
            elif word[0].isupper():
                cyrillic = cyrillic[0].upper() + cyrillic[1:]
            return cyrillic + _letters(rest, after=stem[-1])
    return _letters(word)


def _letters(word: str, after: str = "") -> str:
    """Letter by letter; `after` is the Latin letter before the first, "" at the start of a word."""
    out: list[str] = []
    position = 0
    lower = word.lower()
    while position < len(word):
        rest = lower[position:]
        before = lower[position - 1] if position else after
        source, target = rest[0], _SINGLE.get(rest[0], rest[0])
        if rest[:2] in _PAIRS and not (rest.startswith("yoʻ") and rest[:2] == "yo"):
            source, target = rest[:2], _PAIRS[rest[:2]]
        elif rest.startswith("tsiy") or (before in ("n", "k") and rest.startswith("siya")):
            source = "ts" if rest[0] == "t" else "s"
            target = "ц"  # prezentatsiya, konferensiya, kolleksiya
        elif rest.startswith("ʼh") and before == "s":
            target = ""  # Isʼhoq: the sign only keeps s and h apart
        elif source == "e" and (not before or before in _VOWELS or lower[:position].endswith("oʻ")):
            target = "э"
        if word[position].isupper():
            target = target.upper()
        out.append(target)
        position += len(source)
    return "".join(out)
