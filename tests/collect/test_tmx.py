"""TMX: the pair's text and nothing else, or the file and line where it goes wrong."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from data_prep.collect.files import tmx
from tests.collect.givens import PAIR, read, source, written

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'


def memory(units: str, head: str = HEAD) -> str:
    """A translation memory; its first unit stands on line 5."""
    return (
        f'{head}<tmx version="1.4"><header creationtool="x" srclang="az" adminlang="en"\n'
        f'datatype="plaintext"/><body>\n{units}\n</body></tmx>\n'
    )


def unit(az: str, uz: str, more: str = "", langs: tuple[str, str] = ("az", "uz")) -> str:
    """A unit with two variants."""
    return (
        f'<tu {more}><tuv xml:lang="{langs[0]}"><seg>{az}</seg></tuv>'
        f'<tuv xml:lang="{langs[1]}"><seg>{uz}</seg></tuv></tu>'
    )


@pytest.mark.parametrize(
    "langs",
    [("az", "uz"), ("az-AZ", "uz-UZ"), ("AZ", "uz-Latn-UZ"), ("azj", "uzn"), ("aze", "uzb"),
     ("azj_Latn", "uzn_Latn"), ("az-Latn", "uz_Latn"), ("az_AZ", "uz@latin")],
)  # fmt: skip
def test_the_two_languages_by_any_of_their_tags(tmp_path: Path, langs: tuple[str, str]) -> None:
    path = written(tmp_path / "a.tmx", memory(unit("Salam!", "Salom!", langs=langs)))
    assert read(tmp_path, f=source(path)).texts == [("Salam!", "Salom!")]


def test_another_script_is_another_language(tmp_path: Path) -> None:
    units = unit("Salam!", "Салом!", langs=("az", "uz-Cyrl-UZ")) + unit("Necəsən?", "Qalaysan?")
    path = written(tmp_path / "a.tmx", memory(units))
    found = read(tmp_path, f=source(path))
    assert found.texts == [("Necəsən?", "Qalaysan?")]
    assert found.left_out == {"f": {"no_target": 1}}
    cyrillic = source(path, tgt_lang="uzn_Cyrl")
    assert read(tmp_path, f=cyrillic).texts == [("Salam!", "Салом!"), ("Necəsən?", "Qalaysan?")]
    persian = written(tmp_path / "b.tmx", memory(unit("a", "b", langs=("az-IR", "uz"))))
    assert "no unit is in both" in read(tmp_path, f=source(persian)).error


def test_text_is_kept_and_codes_are_dropped(tmp_path: Path) -> None:
    az = (
        'Bu <bpt i="1">&lt;b&gt;</bpt>çox <hi type="x">vacib</hi><ept i="1">&lt;/b&gt;</ept>\n'
        '    xəbərdir<ph type="lb">&lt;br/&gt;</ph>bu gün &amp; sabah<it pos="end">&lt;i>'
        "<sub>gizli</sub></it>."
    )
    path = written(tmp_path / "a.tmx", memory(unit(az, "Bu <ut>x</ut>juda muhim xabar.")))
    assert read(tmp_path, f=source(path)).texts == [
        ("Bu çox vacib xəbərdir bu gün & sabah.", "Bu juda muhim xabar.")
    ]


def test_every_combination_of_variants_and_what_is_left_out(tmp_path: Path) -> None:
    units = (
        '<tu tuid="t1"><tuv xml:lang="uz"><seg>Rahmat.</seg></tuv><tuv xml:lang="az"><seg>Sağ ol.'
        '</seg></tuv><tuv lang="az"><seg>Təşəkkür.</seg></tuv></tu>'
        '<tu><tuv xml:lang="az"><seg>Tək.</seg></tuv></tu>'
        '<tu><tuv xml:lang="uz"><seg>Yolgʻiz.</seg></tuv></tu>'
        '<tu><tuv xml:lang="en"><seg>Alone.</seg></tuv></tu>' + unit("Boş.", " ")
    )
    found = read(tmp_path, f=source(written(tmp_path / "a.tmx", memory(units))))
    assert found.texts == [("Sağ ol.", "Rahmat."), ("Təşəkkür.", "Rahmat.")]
    assert found.left_out == {"f": {"empty": 1, "no_target": 1, "other_languages": 2}}
    assert [(row["line"], row["document"]) for row in found.rows] == [
        (1, "f/a.tmx:t1"), (2, "f/a.tmx:t1"),
    ]  # fmt: skip
    assert found.rows[0]["published"] is None


def test_a_property_names_the_document(tmp_path: Path) -> None:
    one = unit("a", "b", 'changedate="20250812T103000Z"').replace(
        "<tuv", '<prop type="x-context">no</prop><prop type="x-Document">xəbər-7</prop><tuv', 1
    )
    two = unit("c", "d").replace("<seg>", '<prop type="document">no</prop><seg>')
    found = read(tmp_path, f=source(written(tmp_path / "a.tmx", memory(one + two))))
    assert [row["document"] for row in found.rows] == ["f/xəbər-7", "f/a.tmx:2"]
    assert [row["published"] for row in found.rows] == [None, None]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "windows-1251"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    az, uz = ("Салам!", "Салом!") if encoding == "windows-1251" else ("Şəhər!", "Shahar!")
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\n\n'
    path = written(tmp_path / "a.tmx", memory(unit(az, uz), head).encode(encoding))
    assert read(tmp_path, f=source(path)).texts == [(az, uz)]
    packed = written(tmp_path / "b.tmx.gz", gzip.compress(path.read_bytes()))
    assert read(tmp_path, f=source(packed)).texts == [(az, uz)]


def test_a_file_without_the_pair(tmp_path: Path) -> None:
    units = unit("a", "b", langs=("az", "ru-RU")) + unit("a", "b", langs=("en", "ru-RU"))
    path = written(tmp_path / "a.tmx", memory(units))
    assert read(tmp_path, f=source(path)).error == (
        f"{path}: no unit is in both azj_Latn and uzn_Latn, its languages are ru-RU (2), az (1), "
        "en (1); give another file or change src_lang and tgt_lang"
    )
    path = written(tmp_path / "b.tmx", memory(""))
    assert read(tmp_path, f=source(path)).error == (
        f"{path}: no unit is in both azj_Latn and uzn_Latn, it has none at all; give another file "
        "or change src_lang and tgt_lang"
    )
    assert read(tmp_path, f=source(path, src_lang=None)).error == (
        "source.files.f.src_lang is not set; say which two languages of the tmx file to take"
    )


def test_malformed_xml_is_named_by_line(tmp_path: Path) -> None:
    good = memory(unit("a", "b") + "\n" + unit("c", "d"))
    advice = "repair the file, or copy it again if it is cut off"
    for content, said in (
        (good[: good.index("d</seg>")], "line 6: this is not whole XML (no element found); "
         f"{advice}"),
        (good.replace("c</seg>", "c</sex>"), f"line 6: this is not whole XML (mismatched tag); "
         f"{advice}"),
        (good.replace("c</seg>", "c & d</seg>"), "line 6: this is not whole XML (not well-formed "
         f"(invalid token)); {advice}"),
        ("", f"line 1: this is not whole XML (no element found); {advice}"),
        (good.replace("UTF-8", "klingon"), "line 1: unknown encoding: klingon; convert the file to "
         "UTF-8"),
    ):  # fmt: skip
        path = written(tmp_path / "a.tmx", content)
        assert read(tmp_path, f=source(path)).error == f"{path}, {said}"
    path = written(tmp_path / "b.tmx.gz", gzip.compress(good.encode())[:-12])
    assert read(tmp_path, f=source(path)).error == (
        f"{path}: the compressed data is cut off or damaged; copy the file again"
    )


def test_what_was_read_before_the_damage_is_not_lost_on_the_others(tmp_path: Path) -> None:
    good = memory(unit("a", "b"))
    bad = source(written(tmp_path / "a.tmx", good[:-10]))
    found = read(tmp_path, f=bad, g=source(written(tmp_path / "b.tmx", good)))
    assert [row["origin"] for row in found.rows] == ["f", "g"]
    assert len(found.failed) == 1


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">\n' for i in range(1, 12))
    bomb = f'<!DOCTYPE tmx [\n<!ENTITY l0 "ha">\n{laughs}]>\n'
    secret = written(tmp_path / "secret.txt", "the secret")
    for head, name, line in (
        (bomb, "l0", 2),
        (f'<!DOCTYPE tmx [<!ENTITY x SYSTEM "{secret.as_uri()}">]>\n', "x", 1),
        (f'<!DOCTYPE tmx [<!ENTITY % x SYSTEM "{secret.as_uri()}"> %x;]>\n', "x", 1),
        ('<!DOCTYPE tmx SYSTEM "http://127.0.0.1:9/tmx14.dtd">\n', "x", 4),
    ):
        path = written(tmp_path / "a.tmx", memory(unit("&x;", "&l11;"), head))
        began = time.monotonic()
        found = read(tmp_path, f=source(path))
        assert found.rows == []
        assert found.error == (
            f"{path}, line {line}: the entity {name} is not read; write the characters themselves"
        )
        assert time.monotonic() - began < 2


def test_a_segment_without_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tmx", memory(unit("a" * 1_000_001, "b")))
    assert read(tmp_path, f=source(path)).error == (
        f"{path}, line 5: a segment of more than 1000000 characters; take the unit out"
    )


def test_a_large_memory_stays_out_of_memory(tmp_path: Path) -> None:
    one = unit("Bu cümlə yaddaşda qalmamalıdır. " * 10, "Bu gap xotirada qolmasligi kerak. " * 10)
    path = written(tmp_path / "a.tmx", memory("\n".join([one] * 5_000)))
    assert path.stat().st_size > 3_000_000
    codes = (PAIR["src_lang"], PAIR["tgt_lang"])
    tracemalloc.start()
    count = sum(1 for _ in tmx.pairs(path, "k", codes, Counter()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5_000
    assert peak < 1_500_000
