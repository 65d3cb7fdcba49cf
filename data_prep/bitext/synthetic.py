"""Pairs by the million that look like news in both languages, drawn from a seed, never all at once.

Each is a row of words from a small bilingual list with their cases, so that languages are told
apart, nothing is a translation by chance, and five words in a row hardly come again. What makes a
corpus hard is planted: duplicates, near duplicates, reprinted documents, lines of a benchmark, and
pairs that a filter must reject. A bounded store of earlier pairs feeds the copies, so that they
lie far apart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

EQUAL, NEAR, REPRINTED, BROKEN = 0.05, 0.05, 0.01, 0.03  # shares of pairs; of documents; of pairs
PLANTED = 0.0002  # pairs that are a line of the benchmark: their documents go
LENGTH = (8, 32)  # words of a side, 20 on average
DOCUMENT = (4, 16)  # pairs of a document
STORE = 20_000  # earlier pairs that copies are drawn from
DAYS = (date(2022, 1, 1), date(2025, 11, 30))
BATCH = 50_000  # rows written at a time
BENCHMARK = 2_000  # lines
SCHEMA = pa.schema(
    [
        ("origin", pa.string()), ("line", pa.int64()), ("src_lang", pa.string()),
        ("tgt_lang", pa.string()), ("src", pa.string()), ("tgt", pa.string()),
        ("document", pa.string()), ("published", pa.string()), ("licence", pa.string()),
        ("may_redistribute", pa.bool_()), ("trusted", pa.bool_()),
        ("synthetic_side", pa.string()), ("machine", pa.string()), ("editor", pa.string()),
    ]
)  # fmt: skip
# az uz; no az stem but bank ends in k or q, which soften (and bank's does not)
_NOUNS = """
bazar bozor|kitab kitob|dövlət davlat|hökumət hukumat|nazir vazir|iqtisadiyyat iqtisodiyot|
qanun qonun|layihə loyiha|məktəb maktab|müəllim muallim|şagird oʻquvchi|universitet universitet|
həkim shifokor|xəstəxana kasalxona|dərman dori|şəhər shahar|rayon tuman|kənd qishloq|yol yoʻl|
körpü koʻprik|bina bino|ev uy|mənzil xonadon|çay daryo|dəniz dengiz|hava havo|
qar qor|meşə oʻrmon|məhsul mahsulot|fermer fermer|buğda bugʻdoy|
bağ bogʻ|zavod zavod|müəssisə korxona|işçi ishchi|maaş maosh|bank bank|kredit kredit|vergi soliq|
büdcə byudjet|qiymət narx|ixrac eksport|idxal import|neft neft|qaz gaz|enerji energiya|
oyun oʻyin|komanda jamoa|oyunçu futbolchi|məşqçi murabbiy|turnir turnir|medal medal|qələbə gʻalaba|
teatr teatr|film film|musiqi musiqi|sərgi koʻrgazma|muzey muzey|rəssam rassom|yazıçı yozuvchi|
alim olim|tədqiqat tadqiqot|laboratoriya laboratoriya|kompüter kompyuter|
telefon telefon|proqram dastur|şirkət kompaniya|müqavilə shartnoma|iclas majlis|deputat deputat|
səfir elchi|görüş uchrashuv|ailə oila|ana ona|
polis politsiya|məhkəmə sud|qəza halokat|avtobus avtobus|qatar poyezd|təyyarə samolyot
"""
_ADJECTIVES = """
yeni yangi|böyük katta|kiçik kichik|gözəl goʻzal|müasir zamonaviy|əsas asosiy|milli milliy|
xarici xorijiy|yerli mahalliy|ümumi umumiy|mühüm muhim|ucuz arzon|bahalı qimmat|sürətli tezkor|
təhlükəsiz xavfsiz|uzun uzun|qısa qisqa|yüksək yuqori|aşağı past|müstəqil mustaqil|ictimai ijtimoiy|
siyasi siyosiy|iqtisadi iqtisodiy|mədəni madaniy|tarixi tarixiy|beynəlxalq xalqaro|açıq ochiq|
qədim qadimiy|zəngin boy|kasıb kambagʻal|isti issiq|soyuq sovuq|ağır ogʻir|yüngül yengil
"""
_OTHERS = """
və va|bu bu|üçün uchun|ilə bilan|daha yana|çox juda|artıq allaqachon|bugün bugun|dünən kecha|
sabah ertaga|hər har|bütün barcha|bir bir|iki ikki|üç uch|dörd toʻrt|sonra keyin|əvvəl avval|
lakin lekin|həm ham|yalnız faqat|ötən oʻtgan|gələn kelgusi|olan boʻlgan|görə koʻra|qədər qadar|
barədə haqida|birinci birinchi|ikinci ikkinchi|tezliklə tez_orada
"""
_NAMES = """
Bakı Boku|Gəncə Ganja|Şəki Shaki|Daşkənd Toshkent|Səmərqənd Samarqand|Buxara Buxoro|Nəvai Navoiy|
Əliyev Aliyev|Həsənov Hasanov|Kərimov Karimov|Rüstəmov Rustamov|Leyla Laylo|Aygün Oygun|
Azərbaycan Ozarbayjon|Özbəkistan Oʻzbekiston|Türkiyə Turkiya|Qazaxıstan Qozogʻiston|Fərqanə Fargʻona
"""
_VERBS = """
açıldı ochildi|başladı boshlandi|bildirdi bildirdi|keçirildi oʻtkazildi|imzalandı imzolandi|
artdı oshdi|azaldı kamaydi|qəbul_edildi qabul_qilindi|tikildi qurildi|gəldi keldi|getdi ketdi|
dedi dedi|yazdı yozdi|qalib_gəldi gʻalaba_qozondi|müzakirə_edildi muhokama_qilindi|
təqdim_olundu taqdim_etildi|davam_edir davom_etmoqda|gözlənilir kutilmoqda|
hazırlanır tayyorlanmoqda|göstərildi koʻrsatildi|satıldı sotildi|
alındı sotib_olindi|verildi berildi|tapıldı topildi
"""
_CASES = ("", "gen", "acc", "dat", "loc", "abl")
_VOWELS = "aıoueəiöü"
_UZ = {"": "", "gen": "ning", "acc": "ni", "dat": "ga", "loc": "da", "abl": "dan"}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Words:
    """Forms that mean the same, at the same place of both lists; the last are finite verbs."""

    inside: tuple[Pair, ...]
    final: tuple[Pair, ...]


def words() -> Words:
    """Every noun in six cases and two numbers, and the other words as they are."""
    nouns = [
        (az_form(az, case, many), uz_form(uz, case, many))
        for az, uz in _table(_NOUNS)
        for many in (False, True)
        for case in _CASES
    ]
    # adjectives and small words as often as in a text
    others = [*_table(_ADJECTIVES) * 6, *_table(_OTHERS) * 10, *_table(_NAMES) * 4]
    return Words(tuple(nouns + others), tuple(_table(_VERBS)))


def _table(block: str) -> list[Pair]:
    found = []
    for entry in block.replace("\n", "").split("|"):
        az, uz = entry.split()
        found.append((az.replace("_", " "), uz.replace("_", " ")))
    return found


def az_form(noun: str, case: str, many: bool) -> str:
    """An Azerbaijani noun with regular vowel harmony: kitab → kitablardan."""
    if many:
        noun += "lar" if _last(noun) in "aıou" else "lər"
    if not case:
        return noun
    last = _last(noun)
    low = "a" if last in "aıou" else "ə"
    high = {"a": "ı", "ı": "ı", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}.get(last, "i")
    open_ended = noun[-1] in _VOWELS
    if case in ("gen", "acc"):
        return noun + ("n" if open_ended else "") + high + ("n" if case == "gen" else "")
    if case == "dat":
        return noun + ("y" if open_ended else "") + low
    return noun + "d" + low + ("n" if case == "abl" else "")


def uz_form(noun: str, case: str, many: bool) -> str:
    """An Uzbek noun: kitob → kitoblardan; the dative hardens after k and q."""
    noun += "lar" if many else ""
    if case == "dat" and noun.endswith("k"):
        return noun + "ka"
    if case == "dat" and noun.endswith("q"):
        return noun + "qa"
    return noun + _UZ[case]


def _last(noun: str) -> str:
    return next(letter for letter in reversed(noun) if letter in _VOWELS)


def sentence(known: Words, rng: random.Random) -> Pair:
    """One pair; one in four holds a number, the same on both sides."""
    chosen = rng.choices(known.inside, k=rng.randint(*LENGTH) - 1)
    if rng.random() < 0.25:
        number = str(rng.randint(2, 9999))
        chosen[rng.randrange(len(chosen))] = (number, number)
    chosen.append(rng.choice(known.final))
    sides = [" ".join(side) for side in zip(*chosen, strict=True)]
    return _capital(sides[0], "İ") + ".", _capital(sides[1], "I") + "."


def _capital(text: str, dotted: str) -> str:
    first = dotted if text[0] == "i" else text[0].upper()
    return first + text[1:]


def benchmark(seed: int, lines: int = BENCHMARK) -> list[Pair]:
    """Lines of a test set; corpora of other seeds hold those that are planted only."""
    rng = random.Random(f"{seed} benchmark")
    known = words()
    return [sentence(known, rng) for _ in range(lines)]


def pairs(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Rows of ``pairs.parquet``, document by document, dates in no order."""
    known, rng, test = words(), random.Random(seed), benchmark(seed)
    store: list[Pair] = []
    reprints: list[list[Pair]] = []
    span = (DAYS[1] - DAYS[0]).days
    made = number = 0
    while made < count:
        number += 1
        size = min(rng.randint(*DOCUMENT), count - made)
        if reprints and rng.random() < REPRINTED:
            document = [_edited(pair, rng) for pair in rng.choice(reprints)[:size]]
        else:
            document = [_pair(known, test, store, rng) for _ in range(size)]
        _kept(store, document, STORE, rng)
        _kept(reprints, [document], STORE // 100, rng)
        day = (DAYS[0] + timedelta(days=rng.randint(0, span))).isoformat()
        for src, tgt in document:
            made += 1
            yield {
                "origin": "synthetic", "line": made, "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
                "src": src, "tgt": tgt, "document": f"d{number}", "published": day,
                "licence": "CC0-1.0", "may_redistribute": True, "trusted": False,
                "synthetic_side": None, "machine": None, "editor": None,
            }  # fmt: skip


def _pair(known: Words, test: list[Pair], store: list[Pair], rng: random.Random) -> Pair:
    drawn = rng.random()
    if drawn < PLANTED:
        return rng.choice(test)
    if store and drawn < PLANTED + EQUAL:
        return rng.choice(store)
    if store and drawn < PLANTED + EQUAL + NEAR:
        return _edited(rng.choice(store), rng)
    src, tgt = sentence(known, rng)
    if drawn > 1 - BROKEN:
        return rng.choice([(src, src), (src, tgt[: len(tgt) // 4]), (f"{src} 7", f"{tgt} 8")])
    return src, tgt


def _edited(pair: Pair, rng: random.Random) -> Pair:
    """A short word more on both sides: similar to about nine tenths."""
    src, tgt = (side.split(" ") for side in pair)
    at = rng.randint(1, max(1, min(len(src), len(tgt)) - 1))
    return " ".join([*src[:at], "də", *src[at:]]), " ".join([*tgt[:at], "ham", *tgt[at:]])


def _kept(store: list[Any], new: list[Any], most: int, rng: random.Random) -> None:
    for one in new:
        if len(store) < most:
            store.append(one)
        else:
            store[rng.randrange(most)] = one


def write(path: Path, count: int, seed: int) -> None:
    """``pairs.parquet`` of so many pairs, a batch at a time."""
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for row in pairs(count, seed):
            rows.append(row)
            if len(rows) == BATCH:
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
