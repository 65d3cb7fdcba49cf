"""The benchmark's pages: what `loopback` serves.

Two shapes. `press` looks like a newspaper's page: about 48 KB with navigation, inline scripts,
teasers and related articles around a text of 5 to 12 paragraphs. `short` has 3 KB around 4
paragraphs. Even numbers are in Azerbaijani, odd ones in Uzbek. Every article links to the next
ones, so that links alone lead to all of them.
"""

from __future__ import annotations

import json
import random

TODAY = "2025-12-01"  # the snapshot of a crawl; every article is older
LANGUAGES = {"/": "azj_Latn", "/uz/": "uzn_Latn"}
_AROUND = {"press": 24, "short": 3}  # following articles that an article links to
_SECTIONS = {
    "az": {
        "siyaset": "Siyasət",
        "iqtisadiyyat": "İqtisadiyyat",
        "cemiyyet": "Cəmiyyət",
        "idman": "İdman",
        "medeniyyet": "Mədəniyyət",
        "elm": "Elm",
    },
    "uz": {
        "siyosat": "Siyosat",
        "iqtisodiyot": "Iqtisodiyot",
        "jamiyat": "Jamiyat",
        "sport": "Sport",
        "madaniyat": "Madaniyat",
        "fan": "Fan",
    },
}
_HEADLINES = {
    "az": (
        "Büdcə layihəsi müzakirəyə çıxarılıb",
        "Məktəbin yeni binası açılıb",
        "Mərkəzi küçələrdə təmir başlayıb",
        "Muzeydə xalça sərgisi açılıb",
        "Yığma komanda növbəti oyununa hazırlaşır",
        "Dağ rayonlarında şaxta gözlənilir",
    ),
    "uz": (
        "Byudjet loyihasi muhokamaga qoʻyildi",
        "Maktabning yangi binosi ochildi",
        "Markaziy koʻchalarda taʼmirlash boshlandi",
        "Muzeyda kashtalar koʻrgazmasi ochildi",
        "Terma jamoa navbatdagi oʻyinga tayyorlanmoqda",
        "Togʻli hududlarda sovuq kutilmoqda",
    ),
}
_SENTENCES = {
    "az": (
        "Nazirlər Kabinetinin bugünkü iclasında gələn ilin büdcə layihəsi müzakirə olunub.",
        "Komissiyanın sədri bildirib ki, sənədin hazırlanmasında müstəqil ekspertlər də iştirak "
        "ediblər.",
        "Şəhərin mərkəzi küçələrində təmir işləri ayın sonuna qədər davam edəcək.",
        "Sakinlər avtobusların daha tez-tez hərəkət etməsini xahiş edirlər.",
        "Məktəbin yeni binası min iki yüz şagird üçün nəzərdə tutulub.",
        "Həkimlər payız mövsümündə qripə qarşı peyvənd olunmağı məsləhət görürlər.",
        "Fermerlər bu il taxıl məhsulunun ötən ilə nisbətən bol olduğunu deyirlər.",
        "Muzeyin yeni sərgisində Qarabağ xalçalarının nadir nümunələri nümayiş etdirilir.",
        "Yığma komandamız növbəti oyununu oktyabrın ortalarında öz meydanında keçirəcək.",
        "Alimlər Xəzər dənizində suyun səviyyəsinin azalmasını yaxından izləyirlər.",
        "İclasda nəqliyyat sahəsində əməkdaşlığın genişləndirilməsi məsələlərinə baxılıb.",
        "Bank müştərilərinə kredit faizlərinin dəyişməyəcəyini açıqlayıb.",
        "Festivalda on ölkədən gəlmiş musiqiçilər çıxış edəcəklər.",
        "Gecə saatlarında temperaturun mənfi beş dərəcəyə enəcəyi gözlənilir.",
        "Kitabxanaya ötən ay üç mindən çox yeni kitab daxil olub.",
        "Yanğınsöndürənlər hadisə yerinə on dəqiqə ərzində çatıblar və xəsarət alan olmayıb.",
        "Tələbələr layihələrini münsiflər heyətinə ingilis dilində təqdim ediblər.",
        "Yeni körpü iki kəndi birləşdirəcək və yolu xeyli qısaldacaq.",
        "Müəssisə istehsalını artırmaq üçün müasir avadanlıq alıb.",
        "Tədbirin sonunda qaliblərə diplomlar və qiymətli hədiyyələr təqdim olunub.",
    ),
    "uz": (
        "Vazirlar Mahkamasining bugungi yigʻilishida kelgusi yil byudjeti loyihasi muhokama "
        "qilindi.",
        "Komissiya raisining aytishicha, hujjatni tayyorlashda mustaqil ekspertlar ham ishtirok "
        "etgan.",
        "Shaharning markaziy koʻchalarida taʼmirlash ishlari oy oxirigacha davom etadi.",
        "Aholi avtobuslar tez-tez qatnashini soʻramoqda.",
        "Maktabning yangi binosi bir ming ikki yuz nafar oʻquvchiga moʻljallangan.",
        "Shifokorlar kuz mavsumida grippga qarshi emlanishni tavsiya qilmoqda.",
        "Dehqonlar bu yil gʻalla hosili oʻtgan yilgiga nisbatan moʻl boʻlganini aytmoqda.",
        "Muzeyning yangi koʻrgazmasida Buxoro kashtalarining noyob namunalari namoyish etilmoqda.",
        "Terma jamoamiz navbatdagi oʻyinini oktabr oyi oʻrtalarida oʻz maydonida oʻtkazadi.",
        "Olimlar Orol dengizi atrofidagi tuproq holatini muntazam kuzatib bormoqda.",
        "Yigʻilishda transport sohasidagi hamkorlikni kengaytirish masalalari koʻrib chiqildi.",
        "Bank mijozlariga kredit foizlari oʻzgarmasligini maʼlum qildi.",
        "Festivalda oʻnta davlatdan kelgan sozandalar chiqish qiladi.",
        "Tunda havo harorati besh daraja sovuqqacha pasayishi kutilmoqda.",
        "Kutubxonaga oʻtgan oyda uch mingdan ortiq yangi kitob keltirildi.",
        "Yongʻin oʻchiruvchilar voqea joyiga oʻn daqiqada yetib keldi, jabrlanganlar yoʻq.",
        "Talabalar oʻz loyihalarini hakamlar hayʼatiga ingliz tilida taqdim etdi.",
        "Yangi koʻprik ikki qishloqni bogʻlaydi va yoʻlni ancha qisqartiradi.",
        "Korxona ishlab chiqarishni koʻpaytirish uchun zamonaviy uskunalar sotib oldi.",
        "Tadbir yakunida gʻoliblarga diplomlar va qimmatbaho sovgʻalar topshirildi.",
    ),
}
_NAMES = {"az": "Liman xəbərləri", "uz": "Liman xabarlari"}
_NUMBER = {"az": "Xəbərin nömrəsi", "uz": "Xabar raqami"}
_MORE = {"az": "Digər xəbərlər", "uz": "Boshqa xabarlar"}
_OTHER = {"az": ("/uz/", "Oʻzbekcha"), "uz": ("/", "Azərbaycanca")}


def tongue(number: int) -> str:
    """The language of an article, as `az` or `uz`."""
    return "uz" if number % 2 else "az"


def path_of(number: int) -> str:
    """Where an article is."""
    language = tongue(number)
    section = list(_SECTIONS[language])[number // 2 % 6]
    return f"/{language}/{section}/{number}-{'xabar' if number % 2 else 'xeber'}.html"


def title_of(number: int) -> str:
    """An article's headline."""
    headlines = _HEADLINES[tongue(number)]
    return f"{headlines[number // 2 % len(headlines)]} ({number})"


def paragraphs(number: int, shape: str) -> list[str]:
    """An article's text; no two numbers have the same."""
    chance = random.Random(number)
    sentences = _SENTENCES[tongue(number)]
    count = chance.randint(5, 12) if shape == "press" else 4
    text = [" ".join(chance.sample(sentences, 4)) for _ in range(count)]
    return [*text[:-1], f"{text[-1]} {_NUMBER[tongue(number)]}: {number}."]


def date_of(number: int) -> str:
    return f"2025-11-{1 + number % 28:02d}T{6 + number % 16:02d}:30:00+04:00"


def _next(number: int, pages: int, shape: str) -> list[int]:
    """The articles that one links to: the following ones, from the last back to the first."""
    return [(number + step) % pages for step in range(1, 1 + min(_AROUND[shape], pages - 1))]


def short(number: int, pages: int) -> str:
    """A small article page, of 3 KB."""
    language = tongue(number)
    text = "".join(f"<p>{line}</p>" for line in paragraphs(number, "short"))
    links = "".join(
        f'<li><a href="{path_of(other)}">{title_of(other)}</a></li>'
        for other in _next(number, pages, "short")
    )
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>'
        f"{title_of(number)} – {_NAMES[language]}</title><meta property="
        f'"article:published_time" content="{date_of(number)}"><link rel="canonical" href='
        f'"{path_of(number)}"></head><body><header>{_navigation(language)}</header><main><article>'
        f"<h1>{title_of(number)}</h1>{text}</article></main><aside><h3>{_MORE[language]}</h3>"
        f"<ul>{links}</ul></aside><footer><p>© {_NAMES[language]}</p></footer></body></html>"
    )


def press(number: int, pages: int, base: str) -> str:
    """A newspaper's article page, of about 48 KB."""
    language, title, lines = tongue(number), title_of(number), paragraphs(number, "press")
    ld = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": title,
        "datePublished": date_of(number),
        "author": {"@type": "Organization", "name": _NAMES[language]},
        "mainEntityOfPage": base + path_of(number),
        "image": [f"{base}/media/{number}-{width}.jpg" for width in (480, 960, 1440)],
    }
    head = (
        f'<meta charset="utf-8"><title>{title} – {_NAMES[language]}</title>'
        f'<meta name="description" content="{lines[0]}"><meta property="og:title" content='
        f'"{title}">'
        f'<meta property="og:type" content="article"><meta property="og:url" content='
        f'"{base}{path_of(number)}"><meta property="article:published_time" content="'
        f'{date_of(number)}"><link rel="canonical" href="{path_of(number)}">'
        f'<script type="application/ld+json">{json.dumps(ld, ensure_ascii=False)}</script>'
        f"<style>{_STYLE}</style><script>{_SCRIPT}</script>"
    )
    text = "".join(f'<p class="article__paragraph">{line}</p>' for line in lines)
    others = _next(number, pages, "press")
    related = "".join(_teaser(other, "related") for other in others[:6])
    beside = "".join(_teaser(other, "sidebar") for other in others)
    share = "".join(
        f'<li class="share__item"><span class="share__button share__button--{name}" '
        f'data-url="{base}{path_of(number)}" data-title="{title}"></span></li>'
        for name in ("telegram", "whatsapp", "facebook", "x", "copy")
    )
    return (
        f'<!DOCTYPE html><html lang="{language}"><head>{head}</head><body class="page page--news">'
        f'<header class="header"><div class="header__inner">{_navigation(language)}</div></header>'
        f'<div class="layout"><main class="layout__main"><article class="article"><header>'
        f'<h1 class="article__title">{title}</h1><time datetime="{date_of(number)}">'
        f"{date_of(number)[:10]}</time></header><figure><img src="
        f'"/media/{number}-960.jpg" alt=""></figure><div class="article__body">{text}</div>'
        f'<ul class="share">{share}</ul></article><section class="related"><h3>{_MORE[language]}'
        f'</h3><ul>{related}</ul></section></main><aside class="layout__aside"><h3>'
        f'{_MORE[language]}</h3><ul class="list">{beside}</ul></aside></div><footer class="footer">'
        f"{_navigation(language)}<p>© {_NAMES[language]}</p></footer><script>{_SCRIPT}</script>"
        "</body></html>"
    )


def _navigation(language: str) -> str:
    switch, name = _OTHER[language]
    sections = "".join(
        f'<li class="menu__item"><a class="menu__link" href="/{language}/{path}/">{title}</a></li>'
        for path, title in _SECTIONS[language].items()
    )
    return f'<nav class="menu"><ul>{sections}<li><a href="{switch}">{name}</a></li></ul></nav>'


def _teaser(number: int, block: str) -> str:
    sizes = ", ".join(f"/media/{number}-{width}.webp {width}w" for width in (240, 480, 720, 960))
    return (
        f'<li class="{block}__item card card--small"><div class="card__picture"><picture><source '
        f'type="image/webp" srcset="{sizes}" sizes="(max-width: 600px) 100vw, 33vw"><img class='
        f'"card__image lazy" loading="lazy" width="240" height="135" src="/media/{number}-240.jpg" '
        f'alt=""></picture></div><div class="card__body"><a class="card__link" href='
        f'"{path_of(number)}"><span class="card__title">{title_of(number)}</span></a><div class='
        f'"card__meta"><time class="card__time" datetime="{date_of(number)}">{date_of(number)[:10]}'
        f'</time><span class="card__views" data-id="{number}"></span></div></div></li>'
    )


# What a browser gets and a reader never sees: as much of it as news pages carry.
_STYLE = "".join(
    f".card--{n}{{display:grid;grid-template-columns:{n}fr 2fr;gap:{n}px;margin:0 auto}}"
    for n in range(80)
)
_SCRIPT = "window.settings=" + json.dumps(
    {f"slot{n}": {"id": n, "sizes": [[300, 250], [728, 90]], "lazy": True} for n in range(110)}
)


def fronts() -> list[str]:
    """The pages that are no articles: the front pages and the sections."""
    sections = [f"/{language}/{path}/" for language, of in _SECTIONS.items() for path in of]
    return ["/", "/uz/", *sections]


def front(path: str, pages: int) -> str:
    """A front page or section: its first articles, in one language."""
    language = "uz" if path.startswith("/uz/") else "az"
    within = f"/{language}/" if path in ("/", "/uz/") else path
    own = [n for n in range(min(pages, 400)) if path_of(n).startswith(within)]
    links = "".join(_teaser(n, "list") for n in own)
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>'
        f"{_NAMES[language]}</title></head><body>{_navigation(language)}<ul>{links}</ul></body>"
        "</html>"
    )
