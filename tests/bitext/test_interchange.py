"""Moses and TMX files: legal, line by line and unit by unit, whatever the text is."""

from __future__ import annotations

import random
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from data_prep.bitext import export, interchange
from tests.bitext import judged
from tests.bitext.exports import OWN, corpus, moses, sides, tmx

# The part of the TMX 1.4b document type definition that is about plain segments.
DTD = """
<!ELEMENT tmx (header, body)> <!ATTLIST tmx version CDATA #FIXED "1.4">
<!ELEMENT header (note | prop)*>
<!ATTLIST header creationtool CDATA #REQUIRED creationtoolversion CDATA #REQUIRED
  segtype (block | paragraph | sentence | phrase) #REQUIRED o-tmf CDATA #REQUIRED
  adminlang CDATA #REQUIRED srclang CDATA #REQUIRED datatype CDATA #REQUIRED>
<!ELEMENT note (#PCDATA)>
<!ELEMENT prop (#PCDATA)> <!ATTLIST prop type CDATA #REQUIRED>
<!ELEMENT body (tu*)>
<!ELEMENT tu ((note | prop)*, tuv+)> <!ATTLIST tu tuid CDATA #IMPLIED>
<!ELEMENT tuv ((note | prop)*, seg)> <!ATTLIST tuv xml:lang CDATA #REQUIRED>
<!ELEMENT seg (#PCDATA)>
"""


def test_tmx_is_valid_and_tells_what_is_known(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = judged.rows(100)
    draw = random.Random(4)
    rows += [judged.row(number, draw, tgt_lang="eng_Latn") for number in range(900, 930)]
    hard = {"src": "a < b && \"c\" > 'd' ]]>", "tgt": "Oʻzbekiston & <g> ʼ", "origin": 'a"<&>'}
    rows[0] |= hard | {"split": "train", "reason": None, "may_redistribute": True, "score": 1.25}
    export.export(corpus(tmp_path / "corpus", rows), tmp_path / "out", ["tmx"])
    for path in (tmp_path / "out").rglob("*.tmx"):
        tree = etree.parse(path)
        rules = etree.DTD(StringIO(DTD))
        assert rules.validate(tree), rules.error_log
    tree = etree.parse(tmp_path / f"out/{OWN}/train.tmx")
    header = tree.find("header").attrib
    assert (header["creationtool"], header["srclang"]) == ("korpu", "az-Latn")
    (unit,) = [tu for tu in tree.iter("tu") if tu.get("tuid") == rows[0]["id"]]
    told = {prop.get("type"): prop.text for prop in unit.findall("prop")}
    assert told["x-origin"] == 'a"<&>'
    assert told["x-licence"] == rows[0]["licence"]
    assert told["x-score"] == "1.2500"
    assert told["x-may-redistribute"] == "yes"
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    texts = {tuv.get(language): tuv.findtext("seg") for tuv in unit.findall("tuv")}
    assert texts == {"az-Latn": hard["src"], "uz-Latn": hard["tgt"]}
    other = etree.parse(tmp_path / "out/azj_Latn-eng_Latn/train.tmx")
    assert {tuv.get(language) for tuv in other.iter("tuv")} == {"az-Latn", "en"}


@given(st.text(max_size=60))
@example("a\r\nb\u2028c\x85d")
@example("\ufeffa\x00b\ud7ff\ufffe")
@example("x" + "".join(map(chr, range(0xA0))))
def test_a_segment_is_one_line_of_legal_xml(text: str) -> None:
    clean = interchange.segment(text)
    assert len(clean.splitlines()) <= 1
    assert interchange.segment(clean) == clean
    if not any("\ud800" <= character <= "\udfff" for character in clean):
        root = etree.Element("seg")
        root.text = clean  # lxml refuses what XML does not allow
        assert etree.fromstring(etree.tostring(root)).text == (clean or None)
    kept = [c for c in text if c.isalnum()]
    assert [c for c in clean if c.isalnum()] == kept


def test_odd_text_is_one_line_and_one_unit(tmp_path: Path) -> None:
    rows = judged.rows(5, reason=None, split="train", may_redistribute=True, origin="o\tx\ny")
    rows[1] |= {"src": "bir\niki\u2028üç\x85dörd\x00", "tgt": "\ufeffbir\r\nikki\x0b uch\x1f\ufffe"}
    rows[2] |= {"document": "a\tb\nc"}
    export.export(corpus(tmp_path / "corpus", rows), tmp_path / "out")
    found = moses(tmp_path / "out" / OWN, "train")
    assert sides(found) == sides(tmx(tmp_path / "out" / OWN, "train"))
    assert (found[1]["src"], found[1]["tgt"]) == ("bir iki üç dörd", "bir ikki uch")
    lines = (tmp_path / f"out/{OWN}/train.ids").read_bytes().split(b"\n")
    assert len(lines) == 6
    assert all(line.count(b"\t") == 2 for line in lines[:-1])
