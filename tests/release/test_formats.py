"""Documents through translators that never saw markup: what stays, stays, and once."""

import json
import re
from collections import Counter
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from korpu.errors import UsageError
from release.formats.document import Text
from release.formats.job import Job, sentence
from release.formats.read import document, format_of, origins
from release.formats.rendering import Languages
from release.formats.translated import translated

JOB = Job("azj_Latn", "uzn_Latn", "newsroom", "0.1.1")
WAY = Languages("azj_Latn", "uzn_Latn")


def loud(texts):
    return [text.upper() for text in texts]


def backwards(texts):
    return [" ".join(reversed(text.split())) for text in texts]


def forgetful(texts):
    """Knows words only: every sign, address and placeholder is lost."""
    return [" ".join(re.findall(r"[^\W\d_]+", text)).lower() for text in texts]


def twice(texts):
    return [f"{text} {text}" for text in texts]


def same(texts):
    return list(texts)


TRANSLATORS = [loud, backwards, forgetful, twice]


def through(run, text, form, job=JOB, way=WAY):
    (made,) = translated([document(text, form, job)], run, way)
    return made.text


HTML = """<!DOCTYPE html>
<html lang="az" dir='ltr'>
<head><title>Hava &amp; su</title>
<meta charset=utf-8><meta name="description" content="Bu &quot;gün&quot;">
<style>p > a {color: red}</style></head>
<body class="x"><!-- şərh: <p>yox</p> -->
<p>Bakıda <a href="https://x.az/?a=1&amp;b=2" title="Buraya bax">hava günəşlidir</a>
   və <b>külək</b> yoxdur.<br>Salam {name}, https://x.az/yol?a=1&amp;b=2 bax.</p>
<p><img src=a.png alt='Dəniz kənarı'> <code>foo &lt; bar</code> kodu 2 &lt; 3.</p>
<pre>a
 b</pre><script>var a = "<p>x</p>";</script>
<ul><li>bir<li>iki <span translate="no">Neftçi</span></ul>
<p>10&nbsp;000</p></body></html>
"""


def test_html_keeps_all_but_the_text():
    assert through(loud, HTML, "html") == (
        HTML.replace('lang="az"', 'lang="uz"')
        .replace("Hava &amp; su", "HAVA &amp; SU")
        .replace("Bu &quot;gün&quot;", "BU &quot;GÜN&quot;")
        .replace("Bakıda <a", "BAKIDA <a")
        .replace("Buraya bax", "BURAYA BAX")
        .replace("hava günəşlidir</a>\n   və", "HAVA GÜNƏŞLIDIR</a> VƏ")
        .replace("<b>külək</b> yoxdur.", "<b>KÜLƏK</b> YOXDUR.")
        .replace("Salam {name}", "SALAM {name}")
        .replace("b=2 bax.", "b=2 BAX.")
        .replace("Dəniz kənarı", "DƏNIZ KƏNARI")
        .replace("kodu 2", "KODU 2")
        .replace("<li>bir<li>iki", "<li>BIR<li>IKI")
    )


def test_a_link_goes_where_its_words_went():
    page = '<p>Bakıda <a href="u">hava çox <i>günəşlidir</i></a> və külək yoxdur.</p>'
    expected = '<p>yoxdur. külək və <a href="u"><i>günəşlidir</i> çox hava</a> Bakıda</p>'
    assert through(backwards, page, "html") == expected
    markdown = "Bakıda [hava çox *günəşlidir*](u) və külək yoxdur.\n"
    expected = "yoxdur. külək və [*günəşlidir* çox hava](u) Bakıda\n"
    assert through(backwards, markdown, "markdown") == expected


def test_a_link_takes_the_suffix_of_its_last_word():
    def inflected(texts):
        return [{"nazir": "vazir"}.get(t, "bugun vazirlarga aytdi") for t in texts]

    page = "bu gün <a href=u>nazir</a> dedi"
    assert through(inflected, page, "html") == "bugun <a href=u>vazirlarga</a> aytdi"


def test_words_that_occur_twice_are_not_guessed():
    def doubled(texts):
        return [{"ev": "uy"}.get(text, "uy va uy") for text in texts]

    # Translated between the marks: the link stands where it stood.
    assert through(doubled, "<a href=u>ev</a> və ev", "html") == "<a href=u>uy</a> uy va uy"


def test_what_a_link_reads_alone_has_no_capital_and_no_stop():
    def proper(texts):
        return [f"{t[:1].upper()}{t[1:]}." if t[-1] != "." else t.capitalize() for t in texts]

    page = "Bu gün <a href=u>hava yaxşı</a> olacaq."
    assert through(proper, page, "html") == "Bu gün <a href=u>hava yaxşı</a> olacaq."


MARKDOWN = """---
title: Hava haqqında
lang: az
tags: [a, b]
---
# Bakıda **hava** #

Bu gün [çox isti](https://x.az/yol_a "Buraya bax") və *külək* var. Sabah {name} gələcək,
https://x.az/a_b bax.\x20\x20
Yeni sətir `kod *x*` və <code>a b</code> <b>qalın</b> qurtardı[^1].

> sitat birinci
> sətri davam

1. bir ***üç*** iki
   - [ ] alt ![şəkil mətni](a.png "başlıq")

```py
kod = 1
```

| ad | qiymət \\| x |
|----|:--:|
| alma | [beş](u) |

<div class="x">salam <i>dünya</i></div>

    girintili kod

[söz][Ref] burada

[^1]: qeyd mətni
[^2]: o biri

[ref]: https://r.az "T"
* * *
"""


def test_markdown_keeps_all_but_the_text():
    expected = MARKDOWN.replace("lang: az", "lang: uz").replace("birinci\n> sətri", "birinci sətri")
    for words in (
        *("Hava haqqında", "Bakıda", "hava", "Bu gün", "çox isti", "Buraya bax", "və", "külək"),
        *("var. Sabah", "gələcək,", "bax.", "Yeni sətir", "qalın", "qurtardı", "sitat birinci"),
        *("sətri davam", "bir *", "üç", "iki", "alt", "şəkil mətni", "başlıq", "| ad", "qiymət"),
        *("| alma", "beş", "salam", "dünya", "söz", "burada", "qeyd mətni", "o biri"),
    ):
        expected = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", words.upper(), expected)
    expected = expected.replace(r"\| x", r"\| X")
    assert through(loud, MARKDOWN, "markdown") == expected


def test_a_reference_keeps_its_name():
    source = "[ref] sözü və [ref][] sözü\n\n[ref]: https://r.az\n"
    expected = "[REF][ref] SÖZÜ VƏ [REF][ref] SÖZÜ\n\n[ref]: https://r.az\n"
    assert through(loud, source, "markdown") == expected


def test_text_is_no_markup_in_markdown():
    def tricky(texts):
        return ["# *a* [b](c) <i> `d` _e_" for _ in texts]

    made = through(tricky, "salam\n", "markdown")
    assert made == r"\# \*a\* [b\](c) \<i> \`d\` \_e\_" + "\n"
    assert through(lambda t: ["1. a" for _ in t], "salam", "markdown") == r"1\. a"
    assert through(lambda t: ["a | b" for _ in t], "| x |\n|---|\n", "markdown") == (
        "| a \\| b |\n|---|\n"
    )
    assert through(lambda t: ["<b> & 'a'"] * len(t), "<p title='x'>y", "html") == (
        "<p title='&lt;b&gt; &amp; &#x27;a&#x27;'>&lt;b&gt; &amp; 'a'"
    )


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_a_translation_that_changes_nothing_leaves_every_byte(form):
    text = {"html": HTML, "markdown": MARKDOWN, "text": "a  b\r\n\r\n {x} 12\n"}[form]
    job = Job("azj_Latn", "azj_Latn", "m", "1")
    made = through(same, text.strip() if form == "text" else text, form, job)
    assert made == (text.strip() if form == "text" else text)


WORDS = st.sampled_from(
    ["hava", "külək", "gün.", "Sabah", "69,0", "2025-ci", *"!,–[]*_`<>&|\\5"],
)
ATOMS = [
    *("{nNx}", "{{ nNx }}", "${nNx}", "%(nNx)s", "https://x.az/Nx/?a=1", "aNx@b.az", "@uNx"),
    *("#tNx", "http://www.az/{Nx}"),
]  # N is a number of its own
MARKUP = {
    "html": ["<b>", "</b>", '<a href="https://y.az/Nx">', "</a>", "<br>", "<img src=https://y.az/Nx>",
             "<code>x</code>", "<p>", "</p>", "&amp;", "<!-- https://y.az/Nx -->", "</i>",
             '<i title="bax {nNx}">', "<br/>", '<img alt="a b">'],
    "markdown": ["[a](https://y.az/Nx)", "**", "*", "`x`", "<b>", "</b>", "![a](https://y.az/Nx)",
                 "\n\n", "\n", "- ", "> ", "  \n", "[", "](https://y.az/Nx)", "| a |\n|---|\n|",
                 "# ", "<https://y.az/Nx>", "~~"],
    "text": ["\n", "\t"],
}  # fmt: skip


@st.composite
def documents(draw, form):
    atoms = st.sampled_from([f" {atom} " for atom in ATOMS])
    some = st.one_of(WORDS, atoms, st.sampled_from(MARKUP[form]))
    parts = draw(st.lists(some, max_size=24))
    between = draw(st.sampled_from([" ", ""]))
    return between.join(part.replace("N", str(number)) for number, part in enumerate(parts))


UNIQUE = re.compile(r"(?:https?://[a-z.]+/\{?|n|a|@u|#t)\d+x")


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
@pytest.mark.parametrize("run", TRANSLATORS)
def test_no_address_or_placeholder_is_lost_or_doubled(form, run):
    @settings(max_examples=60, deadline=None)
    @given(documents(form))
    def check(text):
        made = through(run, text, form)
        assert Counter(UNIQUE.findall(made)) == Counter(UNIQUE.findall(text)), made

    check()


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_a_document_is_its_parts(form):
    @settings(max_examples=100, deadline=None)
    @given(documents(form))
    def check(text):
        def raw(items):
            for item in items:
                if isinstance(item, str):
                    yield item
                    continue
                for part in item.parts:
                    yield from [part.raw] if isinstance(part, Text) else raw(part.raw)

        # A text with a placeholder in it is written anew: its escapes may be others.
        joined = "".join(raw(document(text, form, JOB)))
        assert unescape(joined).replace("\\", "") == unescape(text).replace("\\", "")

    check()


def test_an_article():
    row = json.dumps(
        {
            "id": 7,
            "title": "Hava: {city}",
            "text": "Birinci abzas.\n\nİkinci «abzas» https://x.az bax.",
            "language": "azj_Latn",
            "views": 1.50,
            "tags": ["hava", "külək"],
            "published": None,
        }
    ).replace("1.5", "1.50")
    job = Job("azj_Latn", "uzn_Latn", "newsroom", "0.1.1", metadata=True)
    made = through(loud, row + "\n", "jsonl", job)
    assert '"views": 1.50' in made
    assert json.loads(made) == {
        "id": 7,
        "title": "HAVA: {city}",
        "text": "BIRINCI ABZAS.\n\nİKINCI «ABZAS» https://x.az BAX.",
        "language": "uzn_Latn",
        "views": 1.5,
        "tags": ["hava", "külək"],
        "published": None,
        "translation": {
            "model": "newsroom",
            "version": "0.1.1",
            "machine_translated": True,
            "from": "az",
            "to": "uz",
        },
    }
    only = Job("azj_Latn", "uzn_Cyrl", "m", "1", fields=("summary",))
    made = through(same, '{"summary": "ev", "text": "ev", "language": "az"}', "jsonl", only)
    assert json.loads(made) == {"summary": "ev", "text": "ev", "language": "uz-Cyrl"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('{"text": "a"', r"line 2 is not JSON: .* at column 13"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"text": NaN}', "line 2 is not JSON: NaN is no number of JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
        ('{"text": 5}', r"line 2: text is not a text; name the text fields with fields="),
        ('{"body": "a"}', "line 2: there is no title or text to translate"),
        ('{"text": "a", "text": "b"}', "line 2 has the field text twice"),
        ('{"text": "a", "language": "uz"}', "line 2 is in Uzbek, not in Azerbaijani"),
        ('{"text": "a", "language": 5}', "line 2: language is 5, which is none of azj_Latn"),
    ],
)
def test_an_article_that_cannot_be_read(row, sentence):
    with pytest.raises(UsageError, match=sentence):
        document('{"text": "a"}\n' + row, "jsonl", JOB)


def test_provenance():
    line = Job("azj_Latn", "uzn_Latn", "newsroom", "0.1.1", line=True, metadata=True)
    told = "Mashina tarjimasi: ozarbayjon tilidan, newsroom 0.1.1 modeli."
    assert sentence(line) == told
    assert through(loud, "salam", "text", line) == f"SALAM\n{told}\n"
    made = through(loud, "# salam\n", "markdown", line)
    assert made == (
        '---\ntranslation:\n  model: "newsroom"\n  version: "0.1.1"\n  machine_translated: true\n'
        f'  from: "az"\n  to: "uz"\n---\n\n# SALAM\n\n*{told}*\n'
    )
    assert "tags: [a, b]\ntranslation:\n  model:" in through(loud, MARKDOWN, "markdown", line)
    made = through(loud, HTML, "html", line)
    assert f'<p lang="uz" class="machine-translation">{told}</p>\n</body>' in made
    (content,) = re.findall(r'<meta name="translation" content="(.*?)"></head>', made)
    assert json.loads(content.replace("&quot;", '"'))["machine_translated"] is True
    made = through(loud, "<!doctype html>\n<p>salam", "html", line)
    assert made.startswith('<!doctype html>\n<meta name="translation"')
    assert made.endswith(f"{told}</p>\n")
    other = Job("uzn_Cyrl", "azj_Latn", "m", "1")
    assert sentence(other) == "Maşın tərcüməsi: özbək dilindən, m 1 modeli."
    cyrillic = Job("azj_Latn", "uzn_Cyrl", "newsroom", "0.1.1")
    told = "Машина таржимаси: озарбайжон тилидан, newsroom 0.1.1 модели."
    assert sentence(cyrillic) == told


def test_uzbek_in_cyrillic_is_written_around_what_stays():
    from data_prep.text.transliterate import uz_latin_to_cyrillic

    way = Languages("azj_Latn", "uzn_Cyrl", uz_latin_to_cyrillic)

    def uzbek(texts):
        return [t.replace("Özbəkistanda", "Oʻzbekistonda").replace("ev", "uy") for t in texts]

    page = "Özbəkistanda {name} <b>ev</b> {{x}} https://x.az"
    made = through(uzbek, page, "html", way=way)
    assert made == "Ўзбекистонда {name} <b>уй</b> {{x}} https://x.az"


@pytest.mark.parametrize(
    ("wanted", "path", "form"),
    [
        (None, None, "text"),
        (None, "a.txt", "text"),
        (None, "a/b.MD", "markdown"),
        (None, "b.htm", "html"),
        (None, "b.jsonl", "jsonl"),
        ("text", "b.html", "text"),
    ],
)
def test_the_format_of_a_file(wanted, path, form):
    assert format_of(wanted, path) == form


def test_what_a_format_has_no_place_for():
    with pytest.raises(UsageError, match="no format 'pdf': use format=text or markdown"):
        format_of("pdf", None)
    for asked, form in (
        ("metadata", "text"),
        ("line", "jsonl"),
        ("none,line", "html"),
        ("x", "html"),
    ):
        with pytest.raises(UsageError, match="provenance"):
            origins(asked, form)
    assert origins(None, "jsonl") == {"metadata"}
    assert origins("none", "jsonl") == frozenset()
    assert origins("line,metadata", "html") == {"line", "metadata"}


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_hostile_documents_come_through(form):
    for part in ("<![", "<!", "<a ", "[", "![", "[a](", "*", "**a", "`", "<", "&", "| a |\n|--|\n"):
        assert through(loud, part * 300, form)
    for part in ("{{", "a@", "%(", "https://x", "#a", "\0", "\r", "\u2028", "- > 1. "):
        assert through(loud, part * 300, form)
