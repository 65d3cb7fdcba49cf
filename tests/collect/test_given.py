"""`korpu doctor` on sources of files: there or not, how large, and the first row as it is read."""

import dataclasses

import pytest
from collect.conftest import AZ, article
from collect.test_doctor import RUSSIAN, whole

from data_prep.collect import doctor
from data_prep.collect.site import warc
from data_prep.collect.site.fetch import Answer
from korpu.errors import SaysNo, UsageError
from korpu.schema import Corrections, Files, Hub, Opus, Warc

FETCHED = "2025-11-03T12:00:00Z"


def told(tmp_path, **sources):
    """The reports on sources without sites."""
    reports = []
    doctor.examine(whole({}, tmp_path, **sources), reports.append)
    return reports


def lines(report, folder):
    return [f"{f.mark} {f.what}: {f.says}".replace(str(folder), "DIR") for f in report.findings]


def cc_news(folder, **changes):
    settings = {
        "path": str(folder), "languages": {"": "identify"}, "timezone": "UTC",
        "licence": "LicenseRef-publishers", "may_redistribute": False,
    }  # fmt: skip
    return Warc(**{**settings, **changes})


def archived(url, page):
    return warc.record(Answer(url, 200, (("Content-Type", "text/html"),), page), FETCHED)


def test_a_folder_of_warc_files(tmp_path):
    folder = tmp_path / "2025" / "11"
    folder.mkdir(parents=True)
    data = archived("https://r.ru/1", article(1, RUSSIAN)) + archived(
        "https://a.az/1", article(1, AZ)
    )
    (folder / "CC-NEWS-20251103081245-01234.warc.gz").write_bytes(data)
    (report,) = told(tmp_path, warc={"cc": cc_news(tmp_path / "2025")})
    assert report.problem is None
    assert lines(report, tmp_path) == [
        f"✓ path: DIR/2025, {len(data) / 1000:.1f} kB in 1 file",
        "✓ pages: of the first 2 in CC-NEWS-20251103081245-01234.warc.gz: 1 wrong_language, "
        "1 articles; azj_Latn https://a.az/1",
        "· licence: LicenseRef-publishers; its text may not be passed on",
    ]


def test_what_is_no_warc_and_what_is_not_there(tmp_path):
    (tmp_path / "page.warc").write_text("<html>", "utf-8")
    sources = {
        "page": cc_news(tmp_path / "page.warc"),
        "gone": cc_news(tmp_path / "gone"),
        "none": cc_news(tmp_path / "none"),
    }
    (tmp_path / "none").mkdir()
    page, gone, none = told(tmp_path, warc=sources)
    assert isinstance(page.problem, SaysNo)
    assert "page.warc is no WARC file" in str(page.problem)
    assert isinstance(gone.problem, UsageError)
    assert str(gone.problem) == f"source.warc.gone.path: there is no file {tmp_path / 'gone'}"
    assert isinstance(none.problem, UsageError)
    assert "holds no .warc or .warc.gz file" in str(none.problem)


def pairs(tmp_path, **changes):
    settings = {
        "licence": "CC0-1.0", "may_redistribute": True, "path": str(tmp_path / "pairs.jsonl"),
        "src_lang": "azj_Latn", "tgt_lang": "uzn_Latn",
    }  # fmt: skip
    return Files(**{**settings, **changes})


def test_the_first_pair_of_a_file(tmp_path):
    text = '{"src": "", "tgt": "Salom."}\n{"src": "Salam.", "tgt": "Salom."}\n'
    (tmp_path / "pairs.jsonl").write_text(text, "utf-8")
    (report,) = told(tmp_path, files={"own": pairs(tmp_path)})
    assert report.problem is None
    path, row, licence = lines(report, tmp_path)
    assert path == f"✓ path: DIR/pairs.jsonl, {len(text)} B"
    assert row.startswith("✓ first row: azj_Latn to uzn_Latn: «Salam.» | «Salom.»")
    assert licence == "· licence: CC0-1.0; its text may be passed on"


def test_a_missing_half_and_an_unreadable_file_do_not_hide_each_other(tmp_path):
    (tmp_path / "a.az").write_text("Salam.\n", "utf-8")
    (tmp_path / "pairs.jsonl").write_text("{\n", "utf-8")
    half = pairs(tmp_path, path=None, src=str(tmp_path / "a.az"), tgt=str(tmp_path / "a.uz"))
    first, second = told(tmp_path, files={"half": half, "bad": pairs(tmp_path)})
    assert isinstance(first.problem, UsageError)
    assert "source.files.half.tgt: there is no file" in str(first.problem)
    assert isinstance(second.problem, UsageError)
    assert "pairs.jsonl" in str(second.problem)


def test_what_collect_would_fetch_is_only_named(tmp_path):
    hub = Hub(id="someone/az-uz", licence="CC0-1.0", may_redistribute=True)
    opus = Opus(
        path="https://example.org/az-uz.txt.zip", src_lang="azj_Latn", tgt_lang="uzn_Latn",
        licence="CC0-1.0", may_redistribute=True,
    )  # fmt: skip
    first, second = told(tmp_path, hub={"hub": hub}, opus={"opus": opus})
    assert lines(first, tmp_path)[0] == "· path: someone/az-uz is not here; collect fetches it"
    assert lines(second, tmp_path)[0].startswith("· path: https://example.org/az-uz.txt.zip is not")


def test_corrections(tmp_path):
    file = tmp_path / "edited.jsonl"
    file.write_text(
        '{"source": "Salam.", "machine": "Salo.", "corrected": "Salom.", "who": "A. Karimova", '
        '"when": "2025-11-03T10:00:00Z"}\n',
        "utf-8",
    )
    source = Corrections(
        path=str(file), licence="CC0-1.0", may_redistribute=True, src_lang="azj_Latn",
        tgt_lang="uzn_Latn",
    )  # fmt: skip
    (report,) = told(tmp_path, corrections={"desk": source})
    assert report.problem is None
    assert "«Salam.» | «Salom.»" in lines(report, tmp_path)[1]


@pytest.mark.parametrize("kind", ["warc", "files"])
def test_nothing_is_written(tmp_path, kind):
    (tmp_path / "pairs.jsonl").write_text('{"src": "Salam.", "tgt": "Salom."}\n', "utf-8")
    before = sorted(tmp_path.rglob("*"))
    source = pairs(tmp_path) if kind == "files" else cc_news(tmp_path)
    recipe = whole({}, tmp_path, **{kind: {"x": source}})
    doctor.examine(dataclasses.replace(recipe), lambda _report: None)
    assert sorted(tmp_path.rglob("*")) == before
