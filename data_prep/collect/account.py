"""What became of every page: counts for the manifest, and the line a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_prep.collect.checks import each
from korpu.schema import Sources

Counts = list[tuple[str, str, str, str | None, int]]  # site, kind, state, reason, how many


@dataclass
class Tally:
    """Articles by source and language, counted as they pass."""

    languages: dict[str, Counter[str]] = field(default_factory=dict)
    dated: Counter[str] = field(default_factory=Counter)

    def over(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same rows, counted."""
        for row in rows:
            self.languages.setdefault(row["site"], Counter())[row["language"]] += 1
            self.dated[row["site"]] += row["published"] is not None
            yield row


def licences(sources: Sources) -> dict[str, dict[str, Any]]:
    """The two licence columns of each source's rows."""
    return {
        name: {"licence": source.licence, "may_redistribute": source.may_redistribute}
        for _, name, source in each(sources)
    }


def stats(
    sources: Sources,
    tally: Tally,
    reasons: Mapping[str, Mapping[str, int]],
    crawled: Counts,
    given: Mapping[str, Mapping[str, int]],
) -> dict[str, dict[str, Any]]:
    """By source that gives articles: pages fetched and waiting, articles, and why others are none.

    ``reasons``: of extraction. ``crawled``: the frontier's counts. ``given``: records of archives
    and rows of files that were left out.
    """
    found = {}
    for kind, name, source in each(sources):
        if kind in ("opus", "corrections") or getattr(source, "holds", "articles") == "pairs":
            continue
        of_site = [row for row in crawled if row[0] == name]
        left_out = Counter(reasons.get(name, {})) + Counter(given.get(name, {}))
        for _, page, _, reason, count in of_site:
            lists = page in ("sitemap", "feed") and reason != "http_404"  # many have none
            if reason and (page == "page" or lists):
                left_out[reason] += count
        asked = sum(n for _, page, state, _, n in of_site if (page, state) == ("html", "done"))
        found[name] = {
            "fetched": asked,
            "waiting": sum(n for _, _, state, _, n in of_site if state == "new"),
            "articles": dict(sorted(tally.languages.get(name, Counter()).items())),
            "dated": tally.dated[name],
            "left_out": dict(sorted(left_out.items())),
        }
    return found


def line(of_site: Mapping[str, Any]) -> str:
    """A source's counts in words."""
    articles = ", ".join(f"{n} {code}" for code, n in of_site["articles"].items()) or "no articles"
    left = ", ".join(f"{reason} {n}" for reason, n in of_site["left_out"].items())
    pages = f"{of_site['fetched']} pages, " if of_site["fetched"] else ""
    return f"{pages}{articles}" + (f"; left out: {left}" if left else "")


def why(of_site: Mapping[str, Any]) -> str:
    """The most frequent reasons why pages gave no article."""
    most = Counter(of_site["left_out"]).most_common(5)
    return ", ".join(f"{reason} {n}" for reason, n in most) or "no page was found"
