"""Numbers through translators that change them: mended where that is certain, else told."""

import io
import json
import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.checks import planted
from eval.checks.numbers import percents, read
from eval.checks.reading import latin, lower
from eval.checks.unequal import unequal
from korpu.errors import SaysNo, UsageError
from release.formats.document import Mark, Text
from release.formats.job import Job
from release.formats.read import document
from release.formats.rendering import Languages
from release.formats.standing import ordinal, standing
from release.formats.translated import translated
from release.opened import Opened
from release.translate import main
from tests.release.test_formats import documents

AZ_UZ = Languages("azj_Latn", "uzn_Latn")
UZ_AZ = Languages("uzn_Latn", "azj_Latn")
JOB = Job("azj_Latn", "uzn_Latn", "newsroom", "0.1.1", metadata=True)
PLAIN = Job("azj_Latn", "uzn_Latn", "newsroom", "0.1.1")
NUMBER = re.compile(r"\d+(?:[., ]\d+)*")
WORDS = {
    "nəfər": "kishi", "gün": "kun", "və": "va", "il": "yil", "ildə": "yilda", "Bakıda": "Bokuda",
    "manat": "manat", "qiymət": "narx", "mərtəbədə": "qavatda", "saat": "soat", "gəldi": "keldi",
    "min": "ming", "yil": "il", "yilda": "ildə", "kitob": "kitab", "noyabrda": "noyabrda",
}  # fmt: skip


def words(text):
    """The translator that makes no mistake: word by word, an ordinal as Uzbek writes it."""
    text = re.sub(r"(\d)-c[iıuü] ", r"\1-", text)
    return re.sub(r"[^\W\d_]+", lambda m: WORDS.get(m[0], m[0]), text)


def dropped(text):
    """The last digit is lost."""
    return re.sub(r"\d(?=\D*$)", "", text, count=1)


def swapped(text):
    """The first and the last number have changed places."""
    found = list(NUMBER.finditer(text))
    if len(found) < 2:
        return text
    one, two = found[0], found[-1]
    between = text[one.end() : two.start()]
    return text[: one.start()] + two[0] + between + one[0] + text[two.end() :]


def whole(text):
    """The decimal comma is lost: 3,5 is 35."""
    return re.sub(r"(?<=\d),(?=\d)", "", text)


MISTAKES = [dropped, swapped, whole]


def always(mistake):
    return lambda texts: [mistake(words(text)) for text in texts]


def when_long(mistake, most=6):
    """A mistake in texts of more words only, as models make them."""
    return lambda texts: [mistake(words(t)) if len(t.split()) > most else words(t) for t in texts]


def through(run, text, form="text", way=AZ_UZ, job=JOB, numbers=True):
    (made,) = translated([document(text, form, job)], run, way, numbers)
    return made


LONG = "Bakıda qiymət 12,5 manat, 2024-cü ildə 30 nəfər gəldi. Bakıda qiymət 17 manat və 8 gün."


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_long_text_is_translated_again_in_parts(mistake):
    asked = []

    def run(texts):
        asked.append(list(texts))
        return when_long(mistake)(texts)

    made = through(run, LONG)
    assert made.text == words(LONG)
    assert (made.texts, made.mended, made.changes) == (1, 1, ())
    assert asked[0] == [LONG]
    assert len(asked) <= 4


def test_only_what_is_wrong_is_translated_again():
    asked = []

    def run(texts):
        asked.append(list(texts))
        return when_long(dropped, 8)(texts)

    made = through(run, f"Bakıda 5 gün.\n{LONG}\n12 nəfər gəldi.")
    assert made.text == words(f"Bakıda 5 gün.\n{LONG}\n12 nəfər gəldi.")
    assert made.mended == 1
    first, second = LONG.split(". ")
    assert asked[1] == [f"{first}.", second]
    assert asked[2:] == [
        [part + "," for part in first.split(", ")[:1]] + [first.split(", ")[1] + "."]
    ]


def test_a_text_without_a_mistake_is_asked_for_once():
    asked = []

    def run(texts):
        asked.append(list(texts))
        return always(str)(texts)

    assert through(run, LONG).changes == ()
    assert asked == [[LONG]]


@pytest.mark.parametrize("mistake", [dropped, whole])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("2024-cü il", "2024-yil"),
        ("5-ci mərtəbədə 12 nəfər", "5-qavatda 12 kishi"),
        ("saat 17:30-da gəldi", "soat 17:30 da keldi"),
        ("8,5 min manat və 12,75% qiymət", "8,5 ming manat va 12,75% narx"),
        ("<b>24,5</b> nəfər", "<b>24,5</b> kishi"),
    ],
)
def test_numbers_stand_as_they_stood(mistake, source, expected):
    form = "html" if "<" in source else "text"
    made = through(always(mistake), source, form, job=PLAIN)
    assert made.text == (expected if made.mended else words(source))
    assert made.changes == ()
    plain = words(re.sub("<.*?>", "", source))
    assert made.mended == (mistake(plain) != plain and "<" not in source)


def test_uzbek_ordinals_take_their_azerbaijani_ending():
    def empty(texts):
        return [re.sub(r"\d+-?", "", words(text)) for text in texts]

    made = through(empty, "2024-yil 14-noyabrda 5 ta kitob", way=UZ_AZ)
    assert made.text == "2024-cü il 14 noyabrda 5 kitab"
    assert made.mended == 1
    endings = {1: "ci", 6: "cı", 9: "cu", 10: "cu", 23: "cü", 40: "cı", 100: "cü", 1990: "cı"}
    assert {number: ordinal(str(number)) for number in endings} == endings
    assert [ordinal(text) for text in ("0", "3,5", "2000000", "2000")] == ["", "", "", "ci"]


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (AZ_UZ, "noyabrın 14-də gəldi"),
        (AZ_UZ, "onların 5-i gəldi"),
        (AZ_UZ, "17:30-da gəldi"),
        (AZ_UZ, "qatarda F-16 gəldi 5-ə"),
        (AZ_UZ, "5-ci və 6-cı siniflər"),
        (AZ_UZ, "yarışda 2-ci olub"),
        (AZ_UZ, "2-ci böyük şəhər"),
        (AZ_UZ, "2025-ci ilə"),
        (AZ_UZ, "30-cu ildönümü"),
        (AZ_UZ, "2024 cü il"),
        (AZ_UZ, "saat 5 -də"),
        (UZ_AZ, "soat 5 da"),
        (UZ_AZ, "soat 10 larda"),
        (UZ_AZ, "5 ni"),
        (UZ_AZ, "soat 10-larda"),
        (UZ_AZ, "10-lar"),
        (UZ_AZ, "5-tadan"),
        (UZ_AZ, "oyning 14-sida"),
        (UZ_AZ, "14-idan"),
        (UZ_AZ, "6-sonli qaror"),
        (UZ_AZ, "10-kunlik"),
        (UZ_AZ, "30-yilligi"),
        (UZ_AZ, "5-qavatli bino"),
        (UZ_AZ, "3-chi qavat"),
        (UZ_AZ, "2024-йил"),
    ],
)
def test_an_ending_that_is_not_certain_is_not_written(way, text):
    assert standing((Text(text, text),), str, way) is None


@pytest.mark.parametrize(
    ("way", "text", "seen"),
    [
        (AZ_UZ, "2-ci mərtəbədə", "2-mərtəbədə"),
        (AZ_UZ, "1990-cı illərin", "1990-illərin"),
        (AZ_UZ, "saat 5-dən", "saat 5 dan"),
        (AZ_UZ, "14 noyabrda", "14-noyabrda"),
        (AZ_UZ, "14–15 May 2025", "14–15-May 2025"),
        (AZ_UZ, "2024 noyabr, 5 mayor", "2024 noyabr, 5 mayor"),
        (UZ_AZ, "3-marta", "3-cü marta"),
        (UZ_AZ, "2-maydon", "2-ci maydon"),
        (UZ_AZ, "14-martda", "14 martda"),
        (UZ_AZ, "9-maygacha", "9 maygacha"),
        (UZ_AZ, "1-sentabrdan", "1 sentabrdan"),
        (UZ_AZ, "5-tashrif", "5-ci tashrif"),
        (UZ_AZ, "90-yillar", "90-cı yillar"),
    ],
)
def test_what_an_ending_becomes(way, text, seen):
    parts = standing((Text(text, text),), str, way)
    assert "".join(p.seen if isinstance(p, Mark) else p.text for p in parts) == seen


def test_a_long_text_is_read_once():
    """Standing numbers take time as the text is long, not as its square."""

    def seconds(count):
        text = "5 nəfər " * count
        start = time.process_time()
        standing((Text(text, text),), str, AZ_UZ)
        return time.process_time() - start

    assert seconds(20_000) < 30 * seconds(2_000)


def test_what_cannot_be_mended_stays_and_is_told():
    made = through(always(dropped), "Salam\n\nnoyabrın 14-də gəldi\n\n5 gün {x}\n")
    assert made.text == "Salam\n\nnoyabrın 1-də keldi\n\n5 kun {x}\n"
    assert (made.texts, made.mended) == (3, 1)
    (change,) = made.changes
    assert (change.line, change.source, change.translation) == (3, ("14",), ("1",))
    assert change.text == "noyabrın 14-də gəldi"
    assert through(always(dropped), "5 gün", numbers=False).text == " kun"


def test_the_line_of_a_page():
    page = '<p>salam\n<b>a\nb</b></p>\n<img alt="onun\n7-si">\n<p>onların 25-i</p>\n'
    made = through(always(dropped), page, "html", job=PLAIN)
    assert [(c.line, c.source) for c in made.changes] == [(4, ("7",)), (6, ("25",))]


def test_an_article_says_which_numbers():
    row = {"title": "onların 25-i", "text": "5 gün\nonların 14-ü və 3-ü", "language": "az"}
    clean = {"title": "salam", "text": "5 gün"}
    given = f"{json.dumps(row)}\n\n{json.dumps(clean)}\n{json.dumps(row)}\n"
    made = through(always(dropped), given, "jsonl")
    found = [json.loads(line)["translation"] for line in made.text.splitlines()]
    told = [
        {"field": "title", "line": 1, "source": ["25"], "translation": ["2"]},
        {"field": "text", "line": 2, "source": ["3"], "translation": []},
    ]
    assert [each.get("numbers") for each in found] == [told, None, told]
    assert [(c.field, c.paragraph) for c in made.changes] == [("title", 1), ("text", 2)] * 2
    bare = through(always(dropped), json.dumps(row), "jsonl", job=PLAIN)
    assert "translation" not in json.loads(bare.text)


def test_numbers_in_words_and_dates_are_no_mistakes():
    said = {
        "7 nəfər, 14.11.2025": "yetti kishi, 2025-yil 14-noyabr",
        "8,5 min manat, 1 234,5": "8500 manat, 1.234,5",
        "saat 17:30-da": "soat 5:30 da",
    }
    asked = []

    def run(texts):
        asked.extend(texts)
        return [said[text] for text in texts]

    made = through(run, "\n".join(said))
    assert made.text.splitlines() == list(said.values())
    assert made.changes == ()
    assert asked == list(said)


def test_nothing_is_kept_of_documents():
    """A service reads for months."""

    asked = []

    def ends(texts):
        asked.append(texts)
        if len(asked) == 2:
            raise TimeoutError
        return always(dropped)(texts)

    def kept():
        return [reader.cache_info().currsize for reader in (latin, lower, read, percents)]

    through(always(dropped), "5 faiz\n14 noyabr")
    assert kept() == [0, 0, 0, 0]
    with pytest.raises(TimeoutError):
        through(ends, "5 faiz, 14 gün")
    assert kept() == [0, 0, 0, 0]


@pytest.mark.parametrize("told", ["", "… ", "kishi " * 40])
def test_a_repair_that_says_nothing_or_raves_is_not_taken(told):
    """Models do so with a word or two alone."""
    made = through(lambda texts: ["5 kishi" if "4" in t else told for t in texts], "4 nəfər")
    assert made.text == "5 kishi"
    assert [change.source for change in made.changes] == [("4",)]


def test_other_languages_are_not_compared():
    made = through(always(dropped), "5 gün", way=Languages("azj_Latn", "eng_Latn"))
    assert (made.changes, made.mended) == ((), 0)


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("way", [AZ_UZ, UZ_AZ])
def test_mistakes_in_human_translations_are_found(way, mistake):
    """All of them, and none where there is none."""
    tried = 0
    for pair in planted.pairs(way.target):
        assert unequal(pair.source, pair.output, way.target) is None
        if (wrong := mistake(pair.output)) == pair.output:
            continue
        tried += 1
        found = unequal(pair.source, wrong, way.target)
        assert found is not None, (pair.source, wrong)
        assert found.source or found.output
    assert tried >= 2


NUMBERED = st.lists(
    st.sampled_from(
        ["5", "12,5", "2024-cü il", "1 234,5", "14-də", "30%", "saat", "gün,", "qiymət.", "nəfər",
         "7-ci", "və", "{x}", "https://x.az/7?b=9", "17:30", "beş", "3 min"]
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("mistake", [dropped, swapped, whole])
@pytest.mark.parametrize("most", [0, 4])
def test_what_is_not_told_is_right(mistake, most):
    @settings(max_examples=60, deadline=None)
    @given(NUMBERED)
    def check(parts):
        text = " ".join(parts)
        made = through(when_long(mistake, most), text)
        wrong = unequal(text, made.text, "uzn_Latn")
        assert made.changes or not wrong, made
        assert (
            made.mended or made.text == through(when_long(mistake, most), text, numbers=False).text
        )

    check()


UNIQUE = re.compile(r"(?:https?://[a-z.]+/\{?|n|a|@u|#t)\d+x")


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_marks_stay_where_numbers_are_mended(form):
    @settings(max_examples=40, deadline=None)
    @given(documents(form))
    def check(text):
        made = through(always(dropped), text, form, job=PLAIN)
        assert Counter(UNIQUE.findall(made.text)) == Counter(UNIQUE.findall(text)), made

    check()


def test_a_mark_is_seen_once():
    (first, number, rest) = standing((Text("a 5 b", "a 5 b"),), str, AZ_UZ)
    assert (first, number, rest) == (Text("a ", "a "), Mark(("5",), seen="5"), Text(" b", " b"))


CONTRACT = {
    "input": {"accepts": {"uzn_Cyrl": "uzn_Latn"}},
    "directions": [{"source": "azj_Latn", "target": "uzn_Latn"}],
}


@pytest.fixture
def say(monkeypatch, capsys):
    """The command with a translator that loses the last digit; returns stdout and stderr."""

    def translate(texts, _way):
        return always(dropped)(texts)

    bundle = Opened("newsroom", "0.1.1", "none", CONTRACT, translate)
    monkeypatch.setattr("release.translate._bundle", lambda *_: None)
    monkeypatch.setattr("release.contract.load", lambda _: CONTRACT)
    monkeypatch.setattr("release.opened.open_bundle", lambda *_: bundle)

    def run(text, *words):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert main(["bundle=newsroom", "from=az", "to=uz", *words]) == 0
        return capsys.readouterr()

    return run


TEXT = "salam\n\nonların 25-i\n5 gün\n"


def test_the_command_says_what_changed(say):
    said = say(TEXT)
    assert said.out == "salam\n\nonların 2-i\n5 kun\n"
    assert said.err.splitlines()[1:] == [
        "1 of 3 texts: numbers that a second translation kept",
        "1 of 3 texts: numbers that are not in the translation; numbers=show lists them",
    ]
    shown = say(TEXT, "numbers=show").err.splitlines()
    assert "line 3: 25 → 2 in: onların 25-i" in shown
    assert shown[-1] == "1 of 3 texts: numbers that are not in the translation"
    assert say("salam\n5 gün\n", "numbers=off").out == "salam\n kun\n"
    assert say(TEXT, "numbers=off").err.splitlines()[1:] == []
    lines = say("salam\n" * 70 + "onların 25-i\n", "numbers=show").err
    assert "line 71: 25 → 2" in lines


def test_an_article_is_named_by_its_line(say):
    rows = [{"text": "salam"}, {"title": "a", "text": "b\nonların 25-i"}]
    said = say("\n".join(["", *map(json.dumps, rows)]), "format=jsonl", "numbers=show")
    assert "line 3, text 2: 25 → 2 in: onların 25-i" in said.err
    assert json.loads(said.out.splitlines()[1])["translation"]["numbers"] == [
        {"field": "text", "line": 2, "source": ["25"], "translation": ["2"]}
    ]


def test_strict_writes_no_file_with_a_changed_number(say, tmp_path):
    (tmp_path / "in.txt").write_text(TEXT, "utf-8")
    out = tmp_path / "out.txt"
    words = [f"file={tmp_path / 'in.txt'}", f"out={out}"]
    with pytest.raises(SaysNo, match="1 of 3 texts: numbers that are not in the translation"):
        say("", *words, "numbers=strict")
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
    say("", *words)
    assert out.read_text("utf-8") == "salam\n\nonların 2-i\n5 kun\n"
    assert say("5 gün\n", "numbers=strict").out == "5 kun\n"
    with pytest.raises(UsageError, match="numbers=yes is not known: use numbers=check or show"):
        say("", "numbers=yes")
