"""What Azerbaijani and Uzbek news sites say around an article: labels, credits, subscriptions.

All is compared folded (`dates.fold`): lower case, without diacritics and apostrophes.
"""

from __future__ import annotations

import re

from data_prep.collect.page.dates import fold

_OTHERS = (  # headings of what is not the article
    "oxşar xəbərlər", "oxşar yazılar", "əlaqəli xəbərlər", "digər xəbərlər", "digər yazılar",
    "son xəbərlər", "xəbər lenti", "bunları da oxuyun", "bunu da oxuyun", "həmçinin oxuyun",
    "həmçinin oxu", "mövzu ilə bağlı", "mövzuya aid", "ən çox oxunanlar", "bunlar da maraqlı",
    "mavzuga oid", "mavzuga doir", "shu mavzuda", "oʻxshash xabarlar", "boshqa yangiliklar",
    "soʻnggi yangiliklar", "soʻnggi xabarlar", "shuningdek, oʻqing", "shuningdek oʻqing",
    "bu ham qiziq", "koʻp oʻqilgan", "eng koʻp oʻqilgan", "tavsiya etamiz", "boshqa videolar",
    "мавзуга оид", "мавзуга доир", "шу мавзуда", "ўхшаш хабарлар", "бошқа янгиликлар",
    "сўнгги янгиликлар", "сўнгги хабарлар", "шунингдек, ўқинг", "кўп ўқилган", "тавсия этамиз",
    "охшар хәбәрләр", "башга хәбәрләр",
)  # fmt: skip
_READ = (*_OTHERS, "oxuyun", "oxu", "oʻqing", "ўқинг", "read also", "читайте также")
_LABELS = (  # lines that say nothing else
    "reklam", "reklama", "реклама", "реклам", "elan", "eʼlon", "эълон", "paylaş", "paylaşın",
    "ulashish", "ulashing", "улашиш", "boʻlishish", "nusxa olish", "linki kopyala", "davamı",
    "davomi", "давоми", "ardı", "ətraflı", "batafsil", "батафсил", "geri qayıt", "geri", "orqaga",
    "çap versiyası", "çap et", "chop etish", "чоп этиш", "şərhlər", "şərh yaz", "şərh yazın",
    "izohlar", "izoh qoldirish", "изоҳлар", "изоҳ қолдириш", "teqlər", "teglar", "теглар",
    "açar sözlər", "kalit soʻzlar", "abunə ol", "abunə olun", "obuna boʻlish", "obuna boʻling",
    "обуна бўлиш", "oʻz muxbirimiz", "ўз мухбиримиз", "öz müxbirimiz", "yuqoriga qaytish",
)  # fmt: skip
_CREDITS = (
    "foto", "fotolar", "fotosu", "şəkil", "şəkillər", "video", "surat", "suratlar", "fotolavha",
    "müəllif", "mənbə", "muallif", "mualliflar", "manba", "tərcümə", "tərcümə etdi", "tarjimon",
    "hazırladı", "hazırlayan", "tayyorladi", "tayyorlovchi", "söhbətləşdi", "suhbatlashdi",
    "redaktor", "muharrir", "müxbir", "muxbir", "фото", "сурат", "видео", "муаллиф", "манба",
    "тайёрлади", "суҳбатлашди", "муҳаррир", "мухбир", "суратчи",
)  # fmt: skip
_PLACES = (
    "telegram", "instagram", "youtube", "facebook", "whatsapp", "tiktok", "twitter", "телеграм",
    "инстаграм", "ютуб", "фейсбук", "ватсап", r"@\w{3,}", r"t\.me/", "kanalımız", "kanalimiz",
    "каналимиз", "каналымыз",
)  # fmt: skip
_CALLS = (  # imperatives: news says that somebody subscribed, boilerplate asks to
    "abunə olun", "abunə ol", "qoşulun", "qoşul", "izləyin", "obuna boʻling", "obuna boʻl",
    "qoʻshiling", "kuzating", "kanalımıza keçin", "kanalimizga oʻting", "aʼzo boʻling",
    "обуна бўлинг", "қўшилинг", "кузатинг",
    "аъзо бўлинг", "абунә олун", "гошулун",
)  # fmt: skip
_FOLLOW = ("kuzatib boring", "кузатиб боринг", "bizi izləyin", "bizni kuzating")
_RIGHTS = (
    "©", "bütün hüquqlar qorunur", "barcha huquqlar himoyalangan", "барча ҳуқуқлар ҳимояланган",
)  # fmt: skip
_LONGEST = 180  # characters of a line that is a phrase
_LONGEST_CREDIT = 90


def _any(words: tuple[str, ...]) -> str:
    folded = sorted({fold(word) for word in words}, key=len, reverse=True)
    return "(?:" + "|".join(word.replace(" ", r"\s+") for word in folded) + ")"


_HEADING = re.compile(rf"\W*{_any(_OTHERS)}(?!\w)")
_ALSO = re.compile(rf"\W*{_any(_READ)}[^.!?:]{{0,20}}:")
_LABEL = re.compile(rf"\W*(?:{_any(_LABELS)}|{_any(_OTHERS)})\W*")
_CREDIT = re.compile(rf"\W*{_any(_CREDITS)}\s*[:©].*")
_CREDIT_ENDING = re.compile(
    rf"(?<![\s(/|])[\s(/|]+(?:{'|'.join(sorted(_CREDITS, key=len)[::-1])})\s*[:©].{{0,60}}$",
    re.IGNORECASE,
)
_PLACE = re.compile(_any(_PLACES))
_OWN_PLACE = re.compile(_any(_PLACES[:-4]))
_CALL = re.compile(rf"(?<!\w){_any(_CALLS)}(?!\w)")
_FOLLOWED = re.compile(rf"(?<!\w){_any(_FOLLOW)}(?!\w)")
_RIGHT = re.compile(rf"\W*{_any(_RIGHTS)}")
_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,8}")
_MISTAKE = re.compile(r"ctrl\s*\+\s*enter")


def boilerplate(line: str) -> bool:
    """Whether a paragraph is a site's own phrase: a label, a credit, a call to subscribe."""
    if len(line) > _LONGEST:
        return False
    folded = fold(line)
    if _LABEL.fullmatch(folded) or _ALSO.match(folded) or _MISTAKE.search(folded):
        return True
    if _HOST.fullmatch(folded):
        return True  # the site's own name, below the text
    if len(line) <= _LONGEST_CREDIT and (_CREDIT.fullmatch(folded) or _RIGHT.match(folded)):
        return True
    if _FOLLOWED.search(folded) and _OWN_PLACE.search(folded):
        return True
    return bool(_CALL.search(folded) and _PLACE.search(folded))


def signature(line: str) -> bool:
    """Whether a last line is only its author's name: two or three capitalised words."""
    words = line.split()
    return 2 <= len(words) <= 3 and all(word.isalpha() and word.istitle() for word in words)


def heads_others(text: str) -> bool:
    """Whether a text begins as a box of other articles does: `Oxşar xəbərlər`, `Mavzuga oid`."""
    return bool(_HEADING.match(fold(text[:60])))


def without_credit(caption: str) -> str:
    """A caption without the photographer's name after it."""
    return _CREDIT_ENDING.sub("", caption).strip()
