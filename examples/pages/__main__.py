"""`python -m examples.pages --out DIR`: the newsroom's pages with their gold, as NAME.html and
NAME.json, in the form of the pages that lie beside this file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC
from html import escape
from pathlib import Path
from typing import Any

from examples.newsroom import server
from examples.newsroom.event import Article
from examples.newsroom.generate import Newsroom, stream
from examples.newsroom.habits import show
from examples.newsroom.sites import Site

ZONES = {"az": "Asia/Baku", "uz": "Asia/Tashkent"}
NAMES = {"az": "azj", "uz": "uzn"}
FETCHED = "2025-12-01T12:00:00Z"


def gold(page: Article, url: str, seed: int) -> dict[str, Any]:
    """What a page of the newsroom says, in the characters that it prints."""
    rng = stream(seed, f"html-{page.site}", page.number)  # as the page itself draws them
    title = show(page.title, page.habit, rng)
    show(page.author, page.habit, rng)
    text = [" ".join(show(u.text, page.habit, rng) for u in part) for part in page.paragraphs]
    return {
        "what": f"newsroom, {page.site}, layout {page.layout}",
        "url": url,
        "fetched": FETCHED,
        "language": f"{NAMES[page.site]}_{page.script}",
        "timezone": ZONES[page.site],
        "title": title,
        "published": page.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "minute": True,
        "text": text,
    }


def pages(newsroom: Newsroom) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(name, HTML, gold) of every readable article in the sites' own languages.

    Raises:
        ValueError: a page does not print what the newsroom says it does.
    """
    bases = server.addresses(server.PORT)
    for side in server.SIDES:
        site = Site(newsroom, side, bases)
        for page in newsroom.articles:
            if page.site != side or page.language != side or page.broken:
                continue
            html = site.respond(page.path).body
            row = gold(page, bases[side] + page.path, newsroom.seed)
            printed = html.decode()
            for text in [row["title"], *row["text"]]:
                if escape(text, quote=False) not in printed:
                    raise ValueError(f"{row['url']} does not print {text!r}")
            yield f"newsroom_{side}_{page.number}", html, row


def main(argv: list[str] | None = None) -> int:
    """Write the pages; the exit code is 0, or 4 where the disk refuses."""
    parser = argparse.ArgumentParser(prog="python -m examples.pages", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", type=int, default=60, help="number of events")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    args = parser.parse_args(argv)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, html, row in pages(Newsroom(args.seed, args.articles)):
            (args.out / f"{name}.html").write_bytes(html)
            text = json.dumps(row, ensure_ascii=False, indent=1)
            (args.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        print(f"pages: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
