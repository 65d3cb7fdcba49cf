"""How well pages become articles: text, title and date against what a reader calls the article.

Gold lies beside each page as JSON: url, fetched, language, timezone, title, published, text (the
paragraphs); ``minute: false`` where the page shows no time of day. Text is compared as a multiset
of words (precision, recall, F1) and as a multiset of whole paragraphs (F1).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect.page import body, extract
from data_prep.collect.page.dates import Seen
from data_prep.collect.page.extract import Rules
from data_prep.collect.site.fetch import Answer
from korpu import bench
from korpu.errors import Infrastructure, UsageError

CHECKOUT = Path(__file__).resolve().parents[3]
PAGES = CHECKOUT / "examples" / "pages"
HELP = """korpu bench collect what=extraction [word=value …]

Pages with known articles through collect's extraction, and through its peers in the same run:
trafilatura's own extraction at its defaults, and resiliparse where it is installed.

  pages=DIR      NAME.html with NAME.json (default: examples/pages)
  articles=60    events of the newsroom whose pages are also measured; 0: none
  seed=11        of the newsroom
"""
_WORD = re.compile(r"\w+(?:[ʻʼ‘’'`]\w+)*")


@dataclass(frozen=True)
class Page:
    """A page with its gold; ``group`` is the row of the table it counts in."""

    name: str
    group: str
    answer: Answer
    gold: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What an extractor makes of a page. ``published``: ISO 8601; None where there is none."""

    title: str
    text: str
    published: str | None


@dataclass(frozen=True)
class Score:
    """Shares between 0 and 1. ``title`` and the dates are 0 or 1 for a single page.

    ``minute`` is None where the page shows no time of day.
    """

    precision: float
    recall: float
    f1: float
    paragraphs: float
    title: float
    day: float
    minute: float | None


def korpu(page: Page) -> Found:
    """What collect makes of a page; nothing where it takes it for no article."""
    gold = page.gold
    rules = Rules({"/": gold["language"]}, gold["timezone"], gold["fetched"][:10], 1)
    row = extract.of_page(
        page.answer, rules, site="page", fetched=gold["fetched"], listed=gold.get("listed")
    )
    if "reason" in row:
        return Found("", "", None)
    return Found(row["title"], row["text"], row["published"])


def trafilatura(page: Page) -> Found:
    """What trafilatura makes of a page by itself, at its defaults (version 2)."""
    import trafilatura as peer

    found = peer.bare_extraction(page.answer.body, url=page.answer.url, with_metadata=True)
    if found is None:
        return Found("", "", None)
    return Found(found.title or "", found.text or "", found.date)


def resiliparse(page: Page) -> Found:
    """What resiliparse takes for the main content; it reads no title and no date."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding

    data = page.answer.body
    text = data.decode(detect_encoding(data) or "utf-8", "replace")
    return Found("", extract_plain_text(text, main_content=True, alt_texts=False), None)


def peers() -> dict[str, Callable[[Page], Found]]:
    """Extractors by name, ours first; resiliparse only where it is installed."""
    found: dict[str, Callable[[Page], Found]] = {"korpu": korpu, "trafilatura": trafilatura}
    if importlib.util.find_spec("resiliparse"):
        found["resiliparse"] = resiliparse
    return found


def score(found: Found, gold: dict[str, Any]) -> Score:
    """One page."""
    wanted = [_plain(line) for line in gold["text"]]
    lines = [line for line in map(_plain, found.text.splitlines()) if line]
    precision, recall, f1 = _overlap(_words(lines), _words(wanted))
    seen = Seen.of(ZoneInfo(gold["timezone"]), _moment(gold["fetched"]), _moment(gold["fetched"]))
    day = minute = 0.0
    if found.published:
        ours, theirs = _moment(found.published), _moment(gold["published"])
        bare = len(found.published) == 10  # a calendar day without a time
        local = ours.date() if bare else ours.astimezone(seen.zone).date()
        day = float(local == theirs.astimezone(seen.zone).date())
        minute = float(not bare and abs((ours - theirs).total_seconds()) < 60)
    return Score(
        precision,
        recall,
        f1,
        _overlap(Counter(lines), Counter(wanted))[2],
        float(_plain(found.title) == _plain(gold["title"])),
        day,
        minute if gold["minute"] else None,
    )


def mean(scores: Sequence[Score]) -> Score:
    """The macro average: every page counts once."""

    def of(name: str) -> float | None:
        values = [value for one in scores if (value := getattr(one, name)) is not None]
        return sum(values) / len(values) if values else None

    return Score(**{field.name: of(field.name) for field in fields(Score)})  # type: ignore[arg-type]


def read(folder: Path) -> list[Page]:
    """The pages of a folder, by name. Raises ``UsageError`` where there is none."""
    pages = []
    for path in sorted(folder.glob("*.json")):
        gold = json.loads(path.read_text("utf-8"))
        kind = gold.get("content_type", "text/html; charset=utf-8")
        data = path.with_suffix(".html").read_bytes()
        answer = Answer(gold["url"], 200, (("content-type", kind),), data)
        group = gold["what"] if path.stem.startswith("newsroom_") else path.stem
        pages.append(Page(path.stem, group, answer, gold))
    if not pages:
        raise UsageError(f"pages: there is no NAME.json in {folder}")
    return pages


@contextlib.contextmanager
def newsroom(articles: int, seed: int) -> Iterator[list[Page]]:
    """Pages of the bundled newsroom's templates. Raises ``Infrastructure`` where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["--articles", str(articles), "--seed", str(seed), "--out", folder]
        command = [sys.executable, "-m", "examples.pages", *words]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
        if done.returncode:
            raise Infrastructure(f"the newsroom's pages: {done.stderr.strip()[-300:]}")
        yield read(Path(folder))


def main(words: Sequence[str]) -> int:
    """Measure and print Markdown tables; returns 0. Raises ``UsageError`` for unknown words."""
    if "--help" in words:
        print(HELP, end="")
        return 0
    known = {"what": "extraction", "pages": str(PAGES), "articles": "60", "seed": "11"}
    given = bench.parsed("bench collect what=extraction", words, known)
    articles, seed = bench.number(given, "articles", 0), bench.number(given, "seed", 0)
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    pages = read(Path(given["pages"]))
    if articles:
        with newsroom(articles, seed) as more:
            pages += more
    print(table(pages))
    return 0


def table(pages: Sequence[Page]) -> str:
    """Markdown: a row for each page and template by ours, then every extractor's averages."""
    results: dict[str, dict[str, list[Score]]] = {}
    seconds: dict[str, float] = {}
    for name, extractor in peers().items():
        extractor(pages[0])  # imports and models are not the speed
        began = time.perf_counter()
        found = [extractor(page) for page in pages]
        seconds[name] = time.perf_counter() - began
        groups = results.setdefault(name, {})
        for page, one in zip(pages, found, strict=True):
            groups.setdefault(page.group, []).append(score(one, page.gold))
    heads = "precision | recall | F1 | paragraphs F1 | title | day | minute"
    lines = [f"| page or template | pages | {heads} |", "|---|" + "---:|" * 8]
    for group, scores in results["korpu"].items():
        lines.append(f"| {group} | {len(scores)} | {_cells(mean(scores))} |")
    lines += ["", f"| mean of | by | {heads} | pages/s |", "|---|---|" + "---:|" * 8]
    kinds = {page.group: _kind(page) for page in pages}
    for kind in dict.fromkeys(kinds.values()):
        for name, groups in results.items():
            macro = _cells(mean([mean(s) for group, s in groups.items() if kinds[group] == kind]))
            lines.append(f"| {kind} | {name} | {macro} | {len(pages) / seconds[name]:.0f} |")
    return "\n".join(lines)


def _kind(page: Page) -> str:
    """What a page's numbers are averaged with; pages written after the rules count apart."""
    first = page.name.partition("_")[0]
    return {"newsroom": "newsroom", "untouched": "written last"}.get(first, "written by hand")


def _cells(one: Score) -> str:
    values = (getattr(one, field.name) for field in fields(Score))
    return " | ".join("–" if value is None else f"{value:.3f}" for value in values)


def _words(lines: Sequence[str]) -> Counter[str]:
    return Counter(word for line in lines for word in _WORD.findall(line.casefold()))


def _overlap(found: Counter[str], wanted: Counter[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of two multisets; 0 where one is empty."""
    both = (found & wanted).total()
    if not both:
        return 0.0, 0.0, 0.0
    precision, recall = both / found.total(), both / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def _plain(line: str) -> str:
    """Visible characters, composed: how a letter is composed is not what is measured here."""
    return unicodedata.normalize("NFC", body.clean(line))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
