"""Countries, capitals and languages, by their names in CLDR (through Babel) and a few of ours."""

from __future__ import annotations

import re
from functools import lru_cache

from data_prep.text.quotes import unify_apostrophes
from eval.checks.reading import KEPT, lower, other, pair

LOCALES = {"azj": "az", "uzn": "uz"}
# What news says beside CLDR's one name. Stems: any suffix of the language may follow.
_ALSO = {
    "US": (("abş", "amerika", "birləşmiş ştatlar"), ("aqsh", "amerika", "qoʻshma shtatlar")),
    "GB": (
        ("böyük britaniya", "britaniya", "birləşmiş krallıq", "ingiltərə", "ingilis"),
        (
            "buyuk britaniya", "britaniya", "birlashgan qirollik", "qoʻshma qirollik", "angliya",
            "ingliz",
        ),
    ),
    "RU": (("rf",), ("rf",)),
    "AE": (("bəə",), ("baa",)),
    "KR": (("cənubi koreya", "koreya"), ("janubiy koreya", "koreya", "korea")),
    "KP": (("şimali koreya", "kxdr"), ("shimoliy koreya", "shimoliy korea", "kxdr")),
    "CN": (("çxr",), ("xxr",)),
    "DE": (("almaniya",), ("olmoniya",)),
    "FR": (("fransa",), ("fransiya", "frantsiya")),
    "IN": (("hindistan",), ("hindiston", "xindiston")),
    "PG": (("papua yeni qvineya",), ("papua yangi gviniya", "papua yangi gvineya")),
    "SA": (("səudiyyə",), ("saudiya", "saudiya arabistoni")),
    "NL": (("hollandiya", "niderland"), ("gollandiya", "niderland")),
    "CZ": (("çexiya",), ("chexiya",)),
    "BY": (("belarus",), ("belarus", "belorus")),
    "KG": (("qırğız respublikası",), ("qirgʻiz respublikasi",)),
    "EG": (("misir",), ("misr",)),
    "JO": (("iordaniya",), ("iordaniya", "iordan")),
    "Europe/Moscow": (("moskva",), ("moskva",)),
    "Europe/Kiev": (("kiyev",), ("kiyev", "kiev")),
    "America/New_York": (("nyu york",), ("nyu york",)),
    "Asia/Jerusalem": (("yerusəlim", "qüds"), ("quddus", "ierusalim")),
    "Asia/Istanbul": (("istanbul",), ("istanbul",)),
    "city-ankara": (("ankara",), ("anqara",)),
    "city-washington": (("vaşinqton",), ("vashington",)),
    "city-beijing": (("pekin",), ("pekin",)),
    "city-astana": (("astana",), ("ostona",)),
    "city-delhi": (("dehli", "yeni dehli"), ("dehli", "yangi dehli")),
    "city-islamabad": (("islamabad",), ("islomobod",)),
    "city-jeddah": (("ciddə",), ("jidda",)),
    "city-geneva": (("cenevrə",), ("jeneva",)),
    "city-nakhchivan": (("naxçıvan",), ("naxichevan", "naxchivon")),
    "city-karabakh": (("qarabağ",), ("qorabogʻ",)),
    "city-ganja": (("gəncə",), ("ganja",)),
    "city-samarkand": (("səmərqənd",), ("samarqand",)),
    "city-bukhara": (("buxara",), ("buxoro",)),
}  # fmt: skip
_NOT_PLACES = {"EU", "001", "ZZ", "QO", "EZ", "UN", "XA", "XB"}
# CLDR's names that are words or other names in capitals of either language
_AMBIGUOUS = {
    "qəza",
    "milad",
    "rojdestvo",
    "mali",
    "oman",
    "çad",
    "chad",
    "nam",
    "men",
    "beylik",
    "mərkəz",
    "markaz",
}
_SUFFIX = {
    "azj": r"(?:(?:l[ıiuü]|s[ıiuü]z)\w{0,12}|n?[ıiuü]n\w{0,6}|d[aə]\w{0,6}|y?[aə]|[ny]?[ıiuü]"
    r"|l[aə]r\w{0,8}|la|lə)?",
    "uzn": r"(?:ning|ni|ga|ka|qa|da(?:gi|n|y)?\w{0,6}|cha|lik\w{0,12}|lar\w{0,10}|gacha|i"
    r"|si\w{0,6}|ini\w{0,4}|ida\w{0,4})?",
}


def place_lost(source: str, output: str, language: str) -> bool | None:
    """A country or city of the source that the output does not name, or another in its place.

    None where the source names none that CLDR or ours has.
    """
    sides, theirs = pair(source, output, language), other(language)
    if sides is None or theirs is None:
        return None
    wanted = _places(sides[0], theirs)
    if not wanted:
        return None
    low = lower(sides[1]).replace("-", " ")
    stems = _stems(language[:3])
    return any(not any(stem in low for stem in stems[key]) for key in wanted if key in stems)


def language_lost(source: str, output: str, language: str) -> bool | None:
    """A language that the source names as one (ingilis dili, ingliz tili) and the output does not.

    None where the source names none.
    """
    sides, theirs = pair(source, output, language), other(language)
    if sides is None or theirs is None:
        return None
    wanted = _languages(sides[0], theirs)
    if not wanted:
        return None
    low = lower(sides[1])
    stems = _language_names(language[:3])
    return any(key in stems and stems[key] not in low for key in wanted)


@lru_cache(maxsize=KEPT)
def _places(text: str, language: str) -> frozenset[str]:
    found, keys = _pattern(language)
    low = lower(text)
    return frozenset(
        keys[m[1].replace("-", " ")] for m in found.finditer(low) if text[m.start()].isupper()
    )


def pattern(language: str) -> re.Pattern[str]:
    """What finds a country or a city in lower-case text, its name without the suffix in group 1."""
    return _pattern(language)[0]


@lru_cache(maxsize=1 << 16)
def is_place(word: str, language: str) -> bool:
    """Whether a word is, or begins, the name of a country or city that ``place_lost`` reads."""
    low = lower(word)
    return _pattern(language)[0].match(low) is not None or low in _firsts(language)


@lru_cache(maxsize=2)
def _firsts(language: str) -> frozenset[str]:
    return frozenset(part for name in _pattern(language)[1] if " " in name for part in name.split())


@lru_cache(maxsize=2)
def _names(language: str) -> dict[str, tuple[str, ...]]:
    """Countries by ISO code and cities by time zone, each with all its names in lower case."""
    from babel import Locale

    locale = Locale.parse(LOCALES[language])
    found: dict[str, tuple[str, ...]] = {
        code: (_plain(name, language),)
        for code, name in locale.territories.items()
        if len(code) == 2 and code not in _NOT_PLACES
    }
    zones: dict[str, dict[str, str]] = {
        str(zone): {} for name in LOCALES.values() for zone in Locale.parse(name).time_zones
    }
    zones.update(locale.time_zones)
    for zone, names in sorted(zones.items()):
        # where CLDR gives none, the language writes the city as its zone is called
        given = names.get("city")
        city = _plain(given or zone.rpartition("/")[2].replace("_", " "), language)
        if len(city) > 3 and zone[:4] not in ("Etc/", "Anta") and not set("(,") & set(city):
            found[zone] = (city,)
    for code, both in _ALSO.items():
        extra = both[0 if language == "azj" else 1]
        found[code] = (*found.get(code, ()), *(lower(name) for name in extra))
    return found


def _plain(name: str, language: str) -> str:
    spelled = unify_apostrophes(name, "uzn_Latn") if language == "uzn" else name
    return re.sub(r"[ –-]+", " ", lower(spelled))


@lru_cache(maxsize=2)
def _pattern(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds a place in lower-case text, and each name's key; only keys both languages have."""
    shared = _names("azj").keys() & _names("uzn").keys()
    keys: dict[str, str] = {}
    for key, names in _names(language).items():
        for name in names:
            if key in shared and name not in _AMBIGUOUS:
                keys.setdefault(name, key)
    longest = sorted(keys, key=len, reverse=True)
    body = "|".join(re.escape(name).replace("\\ ", "[ -]") for name in longest)
    return re.compile(rf"(?<![\w-])({body}){_SUFFIX[language]}(?!\w)(?! doll?ar)"), keys


@lru_cache(maxsize=2)
def _stems(language: str) -> dict[str, tuple[str, ...]]:
    """What of a name stays whatever follows: without a final vowel or -iya, five letters or more.

    Places of one name (a country and its capital, Panama) answer for each other.
    """
    return {key: tuple(_stem(name) for name in names) for key, names in _names(language).items()}


def _stem(name: str) -> str:
    if name.endswith("iya") and len(name) > 5:
        return name[:-3]
    return name[:-1] if name[-1] in "aəeiıuü" and len(name) > 4 else name


@lru_cache(maxsize=2)
def _language_names(language: str) -> dict[str, str]:
    """CLDR's languages by code, as what stands before dili or tili: ingliz, not inglizcha."""
    from babel import Locale

    found = {}
    for code, name in Locale.parse(LOCALES[language]).languages.items():
        plain = _plain(name, language)
        if code.isalpha() and " " not in plain and "(" not in plain:
            found[code] = plain.removesuffix("cha") if language == "uzn" else plain
    return found


@lru_cache(maxsize=2)
def _language_pattern(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    keys: dict[str, str] = {}
    for code, name in _language_names(language).items():
        keys.setdefault(name, code)
    body = "|".join(map(re.escape, sorted(keys, key=len, reverse=True)))
    after = r"(?: dil|cə(?!\w))" if language == "azj" else r"(?: til|cha(?!\w))"
    return re.compile(rf"(?<!\w)({body}){after}"), keys


@lru_cache(maxsize=KEPT)
def _languages(text: str, language: str) -> frozenset[str]:
    if not any(hint in text for hint in ("dil", "til", "cə", "cha")):
        return frozenset()
    pattern, keys = _language_pattern(language)
    return frozenset(keys[m[1].replace("-", " ")] for m in pattern.finditer(lower(text)))
