"""Filters, one rule at a time; duplicates; what a key folds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from data_prep.bitext import dedupe, filter, reasons
from data_prep.bitext.columns import CANDIDATE
from tests.bitext.test_dedupe import judged


def candidates(*pairs: tuple[str, str], **columns: Any) -> pl.DataFrame:
    rows = [
        dict.fromkeys(CANDIDATE)
        | {
            "id": f"{number:02d}",
            "src": src,
            "tgt": tgt,
            "src_lang": "azj_Latn",
            "tgt_lang": "uzn_Latn",
            "document": f"d{number}",
            "src_key": dedupe.key(src, "azj_Latn"),
            "tgt_key": dedupe.key(tgt, "uzn_Latn"),
        }
        | {name: values[number] for name, values in columns.items()}
        for number, (src, tgt) in enumerate(pairs)
    ]
    return pl.DataFrame(rows, schema=CANDIDATE)


GOOD = ("Bakıda 3 yeni məktəb açılıb.", "Bokuda 3 ta yangi maktab ochildi.")


@pytest.mark.parametrize(
    ("src", "tgt", "reason"),
    [
        (*GOOD, None),
        ("Bakıda 1.234,5 hektar", "Bokuda 1 234,5 gektar", None),
        ("2025-ci ilin 3-cü ayı, saat 09:30-da", "2025-yilning 3-oyi, soat 9.30 da", None),
        ("Kömək üçün {LINK} açın", "Yordam uchun {LINK} oching", None),
        ("Qiymətlər 13%-i keçmir bu il", "Narxlar bu yil 13 foizdan oshmaydi", None),
        (" ", "Bokuda yangi maktab ochildi.", "empty"),
        ("Bəli", "Ha", "short"),
        ("söz " * 200, "soʻz " * 200, "long"),
        ("Bakıda yeni məktəb açılıb.", "Bokuda yangi maktab ochildi. " * 4, "ratio"),
        ("12 34 56 78 a", "12 34 56 78 b", "alphabetic"),
        ("Bakıda yeni məktəb açılıb.", "Бокуда янги мактаб очилди.", "script"),
        ("Buraya <b>basın</b> indi", "Shu yerga <b>bosing</b> hozir", "markup"),
        ("Bu azj_Latn sözüdür, bəli", "Bu azj_Latn soʻzidir, ha", "markup"),
        ("Bu </s> işarəsidir, bəli", "Bu </s> belgisidir, ha", "markup"),
        ("Salam, {NAME}, xoş gəldin", "Salom, {USER}, xush kelibsiz", "placeholders"),
        ("Fayl %1$s tapılmadı burada", "Fayl bu yerda topilmadi hozir", "placeholders"),
        ("ha ha ha ha deyib güldü", "xa xa xa xa deb kuldi u", "repetition"),
        ("Toshkent shahri va Samarqand", "Toshkent shahri va Samarqand.", "copy"),
        ("Bakıda 3 yeni məktəb açılıb.", "Bokuda 4 ta yangi maktab ochildi.", "numbers"),
        ("Bakıda 3 yeni 3 məktəb açılıb.", "Bokuda 3 ta yangi maktab ochildi.", "numbers"),
        ("%s ünvanına 5 məktub göndərin", "%sga 5 ta xat joʻnating", None),
        ("Qiymət 40%dən çox artıb", "Narx 40%dan koʻp oshdi", None),
        ("Kitab bizdə $5 və ya 6 manatdır", "Kitob bizda 5 dollar yoki 6 manat", None),
        ("Bu il yeni yeni yeni məktəb açılıb.", "Bu yil yangi maktab ochildi hozir.", "repetition"),
        ("DNS ünvanı, məsələn, 8.8.8.8", "DNS manzili, masalan, 8.8.8.8", None),
        ("Ətraflı: https://a.az/az/7 səhifəsində", "Batafsil: https://a.az/uz/7 sahifasida", None),
        ("Ətraflı: https://a.az/7 səhifəsində", "Batafsil: sahifaning oʻzida", "urls"),
        ("Ətraflı: @korpu_7 səhifəsində", "Batafsil: @korpu_8 sahifasida", "urls"),
        ("Seçki noyabrın 14-də keçirilir", "Saylov 14-noyabrda oʻtkaziladi", None),
        ("Seçki noyabrın 14-də keçirilir", "Saylov 15-noyabrda oʻtkaziladi", "dates"),
        ("Seçki noyabrda keçirilir bu il", "Saylov oktabrda oʻtkaziladi bu yil", "dates"),
        ("Kitab bizdə 6 manatdır, deyir", "Kitob bizda 6 soʻm, deydi u", "currencies"),
        ("Borc 350 min dollardır bu il", "Qarz bu yil 350000 dollar", None),
        ("Borc 350 min dollardır bu il", "Qarz bu yil 350 mln dollar", "numbers"),
        (GOOD[0], "Bakü'de bu yıl 3 yeni okul öğrencilere kapılarını açtı.", "language"),
    ],
)  # fmt: skip
def test_the_first_rule_broken_is_the_reason(
    src: str, tgt: str, reason: str | None, recipe: Any
) -> None:
    found = filter.apply(candidates((src, tgt)), recipe().prepare.filter)
    assert found["reason"].to_list() == [reason]


def test_numbers_and_language_can_be_left_out(recipe: Any) -> None:
    rows = candidates(("Bakıda 3 yeni məktəb açılıb.", "Bokuda 4 ta yangi maktab ochildi."))
    rules = recipe(filter__numbers=False).prepare.filter
    assert filter.apply(rows, rules)["reason"].to_list() == [None]
    foreign = candidates((GOOD[0], "Bakü'de bu yıl 3 yeni okul öğrencilere kapılarını açtı."))
    rules = recipe(filter__language=False).prepare.filter
    assert filter.apply(foreign, rules)["reason"].to_list() == [None]


def test_a_further_language_is_held_to_its_own_script(recipe: Any) -> None:
    russian = "В Баку в этом году открылись 3 новые школы."
    rows = candidates((GOOD[0], russian), (GOOD[0], GOOD[1])).with_columns(
        tgt_lang=pl.lit("rus_Cyrl")
    )
    found = filter.apply(rows, recipe(filter__numbers=False).prepare.filter)["reason"]
    assert found.to_list() == [None, "script"]


def test_a_reason_given_before_stays(recipe: Any) -> None:
    rows = candidates(("a", "b"), GOOD, reason=["margin", None])
    assert filter.apply(rows, recipe().prepare.filter)["reason"].to_list() == ["margin", None]


def test_every_rule_is_named() -> None:
    from tests.bitext.conftest import compose

    rules = compose(filter__profanity="korpu").prepare.filter
    tried = [*filter.shape.expressions(rules), *filter.batched(rules)]
    assert tuple(tried) == filter.RULES
    prepare = compose(filter__profanity="korpu").prepare
    assert reasons.filters(prepare) == ["margin", *filter.RULES]
    assert all(reasons.meaning(rule, prepare) for rule in filter.RULES)


OPTIONAL = {
    "urls": ("Ətraflı: https://a.az/7 səhifəsində", "Batafsil: sahifaning oʻzida 7"),
    "dates": ("Seçki noyabrda keçirilir bu il", "Saylov oktabrda oʻtkaziladi bu yil"),
    "currencies": ("Kitab bizdə 6 manatdır, deyir", "Kitob bizda 6 soʻm, deydi u"),
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_rule_can_be_left_out(name: str, recipe: Any) -> None:
    rows = candidates(OPTIONAL[name])
    assert filter.apply(rows, recipe().prepare.filter)["reason"].to_list() == [name]
    off = recipe(**{f"filter__{name}": False}).prepare
    assert filter.apply(rows, off.filter)["reason"].to_list() == [None]
    assert name not in reasons.filters(off)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Salam, dünya!", "SALAM  DÜNYA", True),
        ("QIZIL GÜL", "qızıl gül", True),
        ("İNSAN", "insan", True),
        ("oʻn uy", "o‘n uy", True),
        ("qızıl", "qizil", False),
        ("bir iki", "biriki", False),
        ("…", "!", False),
    ],
)
def test_keys_fold_case_space_and_punctuation(one: str, other: str, equal: bool) -> None:
    assert (dedupe.key(one, "azj_Latn") == dedupe.key(other, "azj_Latn")) is equal


def deduplicated(rows: pl.DataFrame, side: str = "either") -> list[str | None]:
    return judged(rows.to_dicts(), side, None)


def test_the_best_scored_duplicate_survives_then_the_lowest_id() -> None:
    pairs = [GOOD] * 3 + [("Başqa bir cümlə.", "Boshqa bir gap.")] * 2
    assert deduplicated(candidates(*pairs, score=[1.0, 1.5, 1.2, 1.1, 1.1])) == [
        "duplicate",
        None,
        "duplicate",
        None,
        "duplicate",
    ]


def test_a_pair_aligned_by_people_survives_a_mined_one() -> None:
    assert deduplicated(candidates(GOOD, GOOD, score=[1.9, None])) == ["duplicate", None]


def test_a_rejected_pair_does_not_make_another_a_duplicate() -> None:
    rows = candidates(GOOD, GOOD, score=[1.9, 1.0], reason=["numbers", None])
    assert deduplicated(rows) == ["numbers", None]


def test_the_other_translation_of_a_sentence_is_no_duplicate() -> None:
    rows = candidates(GOOD, (GOOD[0], "Bokuda uchta yangi maktab ochildi."))
    assert deduplicated(rows, side="both") == [None, None]


TRUSTED = (
    ("Bəli", "Ha", None),
    ("Bakıda 3 yeni məktəb açılıb.", "Bokuda uchta yangi maktab ochildi.", None),
    ("Toshkent shahri va Samarqand", "Toshkent shahri va Samarqand.", None),
    (" ", "Bokuda yangi maktab ochildi.", "empty"),
    ("Bakıda yeni məktəb açılıb.", "Бокуда янги мактаб очилди.", "script"),
    ("Bu </s> işarəsidir, bəli", "Bu </s> belgisidir, ha", "markup"),
)


@pytest.mark.parametrize(("src", "tgt", "reason"), TRUSTED)
def test_a_correction_is_judged_only_by_what_would_harm(
    src: str, tgt: str, reason: str | None, recipe: Any
) -> None:
    found = filter.apply(candidates((src, tgt), trusted=[True]), recipe().prepare.filter)
    assert found["reason"].to_list() == [reason]


def test_of_duplicates_the_trusted_one_stays() -> None:
    rows = candidates(GOOD, GOOD, GOOD, score=[1.9, None, 1.2], trusted=[False, False, True])
    assert deduplicated(rows) == ["duplicate", "duplicate", None]
