"""XLIFF 1.2 and 2.x: translated units only, in the direction of the recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collect.givens import read, source, written

ONE = """<?xml version="1.0" encoding="UTF-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="xeber/7.html" source-language="az-AZ" target-language="uz-Latn-UZ"
 datatype="html"><header><note>Salam</note></header><body>
<trans-unit id="1"><source>Bu <g id="1">vacib</g> xəbərdir.<x id="2"/></source>
 <seg-source><mrk mtype="seg" mid="1">no</mrk></seg-source>
 <target state="final">Bu <mrk mtype="x">muhim</mrk> xabar.<bpt id="3">&lt;b&gt;</bpt></target>
 <alt-trans><source>no</source><target>no</target></alt-trans></trans-unit>
<group><trans-unit id="2"><source>Birinci<x id="1" ctype="lb"/>ikinci.</source>
 <target>Birinchi<x id="1" ctype="lb"/>ikkinchi.</target></trans-unit></group>
<trans-unit id="3"><source>Tərcüməsiz.</source></trans-unit>
<trans-unit id="4"><source>Yeni.</source><target state="new">Yeni.</target></trans-unit>
<trans-unit id="5"><source>Gözləyir.</source>
 <target state="needs-translation">Gözləyir.</target></trans-unit>
<trans-unit id="6"><source>Yoxlanmayıb.</source>
 <target state="needs-review-translation">Tekshirilmagan.</target></trans-unit>
<trans-unit id="7"><source>Boş.</source><target> </target></trans-unit>
<bin-unit id="8"><source>no</source><target>no</target></bin-unit>
</body></file>
<file original="en" source-language="en" target-language="uz"><body>
<trans-unit id="1"><source>Other.</source><target>Boshqa.</target></trans-unit>
</body></file></xliff>
"""
TWO = """<?xml version="1.0"?>
<xliff version="2.1" srcLang="uz" trgLang="az" xmlns="urn:oasis:names:tc:xliff:document:2.0"
 xmlns:mtc="urn:oasis:names:tc:xliff:matches:2.0">
<file id="f1" original="a.docx"><unit id="u1">
<mtc:matches><mtc:match ref="#1"><source>no</source><target>no</target></mtc:match></mtc:matches>
<originalData><data id="d1">&lt;br/&gt;</data></originalData>
<segment id="s1" state="final">
<source>Bu <pc id="1">juda</pc> muhim<ph id="2" dataRef="d1"/>.</source>
<target>Bu <pc id="1">çox</pc> vacibdir<ph id="2" dataRef="d1"/>.</target></segment>
<ignorable><source> </source><target> </target></ignorable>
<segment id="s2" state="initial"><source>Hali yoʻq.</source><target>Hali yoʻq.</target></segment>
<segment id="s3"><source>Ertaga<ph id="3" subType="xlf:lb"/>qor<cp hex="001F"/>yogʻadi.</source>
<target>Sabah qar yağacaq.</target></segment>
<segment id="s4"><source>Yoʻq.</source></segment>
</unit></file></xliff>
"""


def test_version_one(tmp_path: Path) -> None:
    found = read(tmp_path, f=source(written(tmp_path / "a.xlf", ONE)))
    assert found.texts == [
        ("Bu vacib xəbərdir.", "Bu muhim xabar."),
        ("Birinci ikinci.", "Birinchi ikkinchi."),
        ("Yoxlanmayıb.", "Tekshirilmagan."),
    ]
    assert found.left_out == {"f": {"empty": 1, "no_target": 3, "other_languages": 1}}
    assert {row["document"] for row in found.rows} == {"f/xeber/7.html"}
    assert [row["line"] for row in found.rows] == [1, 2, 3]


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_version_two_in_the_other_direction(tmp_path: Path, version: str) -> None:
    path = written(tmp_path / "a.xliff", TWO.replace("2.1", version, 1))
    found = read(tmp_path, f=source(path))
    assert found.texts == [
        ("Bu çox vacibdir.", "Bu juda muhim."),
        ("Sabah qar yağacaq.", "Ertaga qor yogʻadi."),
    ]
    assert found.left_out == {"f": {"no_target": 2}}
    assert [(row["src_lang"], row["document"]) for row in found.rows] == [
        ("azj_Latn", "f/a.docx"), ("azj_Latn", "f/a.docx"),
    ]  # fmt: skip


def test_the_sides_say_their_languages_where_the_file_does_not(tmp_path: Path) -> None:
    content = ONE.replace(' source-language="az-AZ" target-language="uz-Latn-UZ"', "")
    content = content.replace("<source>", '<source xml:lang="uz">')
    content = content.replace("<target>", '<target xml:lang="az">')
    found = read(tmp_path, f=source(written(tmp_path / "a.xlf", content)))
    assert ("Birinchi ikkinchi.", "Birinci ikinci.") in found.texts


def test_errors(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xlf", ONE.replace("az-AZ", "tr").replace("uz-Latn-UZ", "kk"))
    assert read(tmp_path, f=source(path)).error == (
        f"{path}: no unit is in both azj_Latn and uzn_Latn, its languages are tr-kk (7), en-uz "
        "(1); give another file or change src_lang and tgt_lang"
    )
    path = written(tmp_path / "b.xlf", ONE[: ONE.index('<trans-unit id="3"')])
    found = read(tmp_path, f=source(path))
    assert found.error == (
        f"{path}, line 11: this is not whole XML (no element found); repair the file, or copy it "
        "again if it is cut off"
    )
    path = written(tmp_path / "c.xlf", "<html><body/></html>")
    assert read(tmp_path, f=source(path)).error == (
        f"{path}, line 1: this is <html>, where <xliff> is expected"
    )
    path = written(tmp_path / "d.xlf", '<!DOCTYPE xliff [<!ENTITY a "b">]>\n' + ONE[39:])
    assert read(tmp_path, f=source(path)).error == (
        f"{path}, line 1: the entity a is not read; write the characters themselves"
    )
