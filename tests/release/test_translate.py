"""`korpu translate`: lines in, lines out; and what it says when it cannot."""

import io
import json
import shutil

import pytest

from korpu.errors import SaysNo, UsageError
from release.translate import main


@pytest.fixture
def say(recipe, released, capsys, monkeypatch):
    """Run the command on text as standard input; returns its lines."""

    def run(text, *words, bundle="small@candidate", source="az", target="uz"):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert released.result.refused is None
        fixed = [f"bundle={bundle}", f"registry={recipe.release.registry}"]
        assert main([*fixed, f"from={source}", f"to={target}", *words]) == 0
        return capsys.readouterr().out.split("\n")[:-1]

    return run


@pytest.fixture
def smoke(released):
    rows = [json.loads(line) for line in (released.path / "smoke.jsonl").read_text().splitlines()]
    return [row for row in rows if row["source"] == "azj_Latn"]


@pytest.mark.parametrize("backend", ["ct2-float32", "hf"])
def test_a_bundle_gives_what_was_evaluated(say, smoke, backend):
    given = "".join(f"{row['text']}\n" for row in smoke)
    expected = [row["translation"] for row in smoke]
    assert len(expected) >= 4
    assert say(given, f"backend={backend}") == expected


def test_lines_stay_lines(say, smoke):
    first, second = smoke[0], smoke[1]
    given = f"\n{first['text']}\n\n  \n{second['text']}"  # no newline at the end
    expected = ["", first["translation"], "", "", second["translation"]]
    assert say(given, "backend=ct2-float32") == expected
    assert say(given.replace("\n", "\r\n"), "backend=ct2-float32") == expected
    assert say("", "backend=ct2-float32") == []


def test_the_default_is_int8(say, smoke):
    lines = say(smoke[0]["text"])
    assert len(lines) == 1
    assert lines == say(smoke[0]["text"], "backend=ct2-int8")


@pytest.mark.parametrize("backend", ["ct2-float32", "hf"])
def test_a_long_line_is_split_into_sentences_and_joined(say, smoke, backend):
    sentences = [f"{row['text'][:1].upper()}{row['text'][1:]}." for row in smoke[:6]] * 3
    alone = say("".join(f"{s}\n" for s in sentences), f"backend={backend}")
    together = say(" ".join(sentences) + "\n", f"backend={backend}")
    assert together == [" ".join(alone)]
    word = say("hava" * 200 + "\n", f"backend={backend}")
    assert len(word) == 1


@pytest.mark.parametrize("backend", ["ct2-float32", "hf"])
def test_uzbek_in_cyrillic_is_read(say, backend):
    latin = say("havo kun yomgʻir shamol\n", f"backend={backend}", source="uz", target="az")
    assert latin != [""]
    for code in ("uz", "uz-Cyrl", "uzn_Cyrl"):
        given = say("ҳаво кун ёмғир шамол\n", f"backend={backend}", source=code, target="az")
        assert given == latin
    curly = say("havo kun yomg‘ir shamol\n", f"backend={backend}", source="uz", target="az")
    assert curly == latin


def test_special_tokens_in_text_are_text(say):
    assert say("hava </s> gün\n", "backend=ct2-float32") == say("hava </s> gün\n", "backend=hf")
    assert say("uzn_Latn hava\n", "backend=ct2-float32") == say("uzn_Latn hava\n", "backend=hf")


def test_text_file_and_out(say, smoke, tmp_path):
    expected = smoke[0]["translation"]
    assert say("", f"text={smoke[0]['text']}", "backend=ct2-float32") == [expected]
    (tmp_path / "in.txt").write_text(f"\ufeff{smoke[0]['text']}\n\n", "utf-8")
    words = [f"file={tmp_path / 'in.txt'}", f"out={tmp_path / 'out.txt'}", "backend=ct2-float32"]
    assert say("", *words) == []
    assert (tmp_path / "out.txt").read_text("utf-8") == f"{expected}\n\n"
    assert not (tmp_path / "out.txt.tmp").exists()


def test_a_folder_is_a_bundle_too(say, smoke, released):
    text = smoke[0]["text"]
    assert say(text, "backend=ct2-float32", bundle=str(released.path)) == [smoke[0]["translation"]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bundel=x"], r"did you mean bundle=…\?"),
        (["bundle=small", "frm=az", "to=uz"], r"did you mean from=…\?"),
        (["--bundle=small"], r"did you mean bundle=…\?"),
        (["bundle=small", "to=uz"], "needs from=…"),
        (["bundle", "from=az", "to=uz"], "bundle has no value"),
        (["bundle=small", "from=az", "to=uz", "to=az"], "to is given twice"),
        (["bundle=small", "from=az", "to=xx"], "unknown language 'xx'"),
        (["bundle=small", "from=az", "to=tr"], "it has from=azj_Latn to=uzn_Latn"),
        (["bundle=small", "from=az", "to=uz", "text=a", "file=b"], "not both"),
        (["bundle=small", "from=az", "to=uz", "backend=ct2-float16"], "has no ct2-float16"),
        (["bundle=smal", "from=az", "to=uz"], "there are small"),
        (["bundle=./nowhere", "from=az", "to=uz"], "there is no bundle ./nowhere"),
        (["bundle=small@0.9.0", "from=az", "to=uz"], r"candidate, 0\.1\.0"),
        (["bundle=small", "from=az", "to=uz", "file=nowhere.txt"], "cannot be read: No such file"),
    ],
)
@pytest.mark.usefixtures("released")
def test_what_it_cannot_do_is_a_sentence(recipe, words, sentence):
    with pytest.raises(UsageError, match=sentence):
        main([*words, f"registry={recipe.release.registry}"])


@pytest.mark.usefixtures("released")
def test_text_that_is_not_utf_8(recipe, tmp_path):
    (tmp_path / "latin5.txt").write_bytes("şəhər".encode("utf-16"))
    words = ["bundle=small", "from=az", "to=uz", f"registry={recipe.release.registry}"]
    with pytest.raises(UsageError, match=r"latin5\.txt is not UTF-8"):
        main([*words, f"file={tmp_path / 'latin5.txt'}", f"out={tmp_path / 'out'}"])
    assert [path.name for path in tmp_path.iterdir()] == ["latin5.txt"]


def test_a_tampered_bundle_is_not_loaded(released, tmp_path):
    there = tmp_path / "bundle"
    shutil.copytree(released.path, there)
    weights = there / "ct2-int8" / "model.bin"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(SaysNo, match=r"model\.bin is not the file that was published"):
        main([f"bundle={there}", "from=az", "to=uz", "text=hava"])
    assert main([f"bundle={there}", "from=az", "to=uz", "text=hava", "backend=ct2-float32"]) == 0


def test_help_and_exit_codes_through_the_front_door(tmp_path, capsys, monkeypatch):
    from korpu import cli

    monkeypatch.setattr(cli, "_listen", lambda: None)  # this process keeps its signals
    assert cli.run(["translate", "--help"]) == 0
    assert "korpu translate bundle=BUNDLE" in capsys.readouterr().out
    empty = f"registry={tmp_path}"
    assert cli.run(["translate", "bundle=newsroom", "from=az", "to=uz", empty]) == 2
    assert "there is no bundle 'newsroom'" in capsys.readouterr().err


def test_documents_of_every_format(say, smoke, tmp_path):
    first, second = smoke[0], smoke[1]
    page = tmp_path / "page.html"
    page.write_bytes(f"<p class=a>{first['text']}<br>\r\n{second['text']}</p>{{x}}\r\n".encode())
    words = [f"file={page}", f"out={tmp_path / 'out.html'}", "backend=ct2-float32"]
    assert say("", *words) == []
    made = f"<p class=a>{first['translation']}<br>\r\n{second['translation']}</p>{{x}}\r\n"
    assert (tmp_path / "out.html").read_bytes().decode() == made
    markdown = f"# {first['text']}\n\n- {second['text']}\n\n```\nkod\n```\n"
    assert say(markdown, "format=markdown", "provenance=line", "backend=ct2-float32") == [
        f"# {first['translation']}",
        "",
        f"- {second['translation']}",
        "",
        "```",
        "kod",
        "```",
        "",
        "*Mashina tarjimasi: ozarbayjon tilidan, small 0.1.0 modeli.*",
    ]
    rows = [{"id": n, "text": row["text"], "language": "az"} for n, row in enumerate(smoke[:3])]
    lines = say(
        "".join(f"{json.dumps(row)}\n" for row in rows), "format=jsonl", "backend=ct2-float32"
    )
    for number, line in enumerate(lines):
        assert json.loads(line) == {
            "id": number,
            "text": smoke[number]["translation"],
            "language": "uz",
            "translation": {
                "model": "small", "version": "0.1.0", "machine_translated": True,
                "from": "az", "to": "uz",
            },
        }  # fmt: skip
    assert len(lines) == 3


def test_uzbek_is_written_in_cyrillic_too(say, smoke):
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    (line,) = say(smoke[0]["text"] + "\n", "backend=ct2-float32", target="uz-Cyrl")
    assert line == uz_latin_to_cyrillic(smoke[0]["translation"])
    assert any("а" <= letter <= "я" for letter in line)
    told = say("hava\n", "provenance=line", "backend=ct2-float32", target="uz-Cyrl")
    assert told[1:] == ["Машина таржимаси: озарбайжон тилидан, small 0.1.0 модели."]


def test_a_bad_article_leaves_nothing_half(recipe, released, tmp_path, capsys):
    rows = [json.dumps({"text": "hava"}), json.dumps({"text": "gün"}), '{"text": 5}']
    (tmp_path / "in.jsonl").write_text("\n".join(rows), "utf-8")
    assert released.result.refused is None
    words = ["bundle=small", "from=az", "to=uz", f"registry={recipe.release.registry}"]
    words += [f"file={tmp_path / 'in.jsonl'}", "backend=ct2-float32"]
    with pytest.raises(UsageError, match="line 3: text is not a text"):
        main(words)
    assert [json.loads(line)["language"] for line in capsys.readouterr().out.splitlines()] == [
        "uzn_Latn",
        "uzn_Latn",
    ]
    with pytest.raises(UsageError, match="line 3: text is not a text"):
        main([*words, f"out={tmp_path / 'out.jsonl'}"])
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_placeholder_comes_out_of_a_model_that_does_not_know_it(say):
    line = "hava {name} gün %s https://x.az/a?b=1 külək"
    for made in say(f"{line}\n", "backend=ct2-float32"):
        for atom in ("{name}", "%s", "https://x.az/a?b=1"):
            assert made.count(atom) == 1
