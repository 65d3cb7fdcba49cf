"""What the card and the report tell of a corpus, counted a frame at a time.

Memory is bounded whatever the corpus: counters have about ``LIMIT`` keys at most, histograms fixed
bins, samples the lowest ids of each kind, and of many documents only the lowest hashes are kept.
The result depends on the rows and their order alone, not on how they were cut into frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from data_prep.bitext import dedupe, reasons
from data_prep.bitext.bounded import SIDES, Distinct, Lowest, count
from data_prep.bitext.histogram import Bins, shown
from data_prep.bitext.summary import Band, Group, Hits, Reason, Split, Summary, Timeline

BANDS = 4  # of the kept pairs' scores, about equally many pairs in each
OTHERS = "(others)"  # what comes after them
MARGIN, CHARACTERS, WORDS, RATIO = 0.01, 5.0, 1.0, 0.05  # widths of the fine bins
WIDE = 24  # bins that are shown
WEEKS, MONTHS, YEARS = 26, 60, 60  # most that are shown: by week, else by month, else by year
GROUPED = (
    "split", "src_lang", "tgt_lang", "origin", "licence", "may_redistribute", "synthetic_side",
    "trusted",
)  # fmt: skip


class Tally:
    """Give ``add`` the corpus from the first row to the last, then ask for the ``summary``."""

    def __init__(self) -> None:
        self.pairs = self.rejected = 0
        self._groups: dict[tuple[Any, ...], int] = {}
        self._reasons: dict[tuple[str, str], int] = {}
        self._hits: dict[tuple[str, str], int] = {}
        self._time: dict[tuple[str, str, str], int] = {}
        self._days: dict[str, tuple[str, str]] = {}
        self._undated: dict[str, int] = {}
        self._documents: dict[tuple[str, str], Distinct] = {}
        self._samples = Lowest()
        self._scores = Bins(0, 3, MARGIN), Bins(0, 3, MARGIN)
        self._characters = Bins(0, 2000, CHARACTERS), Bins(0, 2000, CHARACTERS)
        self._words = Bins(0, 400, WORDS), Bins(0, 400, WORDS)
        self._ratios = Bins(1, 6, RATIO)

    def add(self, rows: pl.DataFrame) -> None:
        """Count rows with the columns of ``REJECTED`` and ``split`` (null where rejected).

        Without the columns ``trusted``, ``benchmark`` and ``hit`` nothing is trusted or hit.
        """
        if not rows.height:
            return
        rows = _whole(rows)
        kept = rows.filter(pl.col("split").is_not_null())
        rejected = rows.filter(pl.col("reason").is_not_null())
        self.pairs += kept.height
        self.rejected += rejected.height
        self._add_scores(rows, kept)
        self._add_kept(kept)
        self._add_rejected(rejected)
        self._add_hits(rows.filter(pl.col("benchmark").is_not_null()))

    def _add_scores(self, rows: pl.DataFrame, kept: pl.DataFrame) -> None:
        scores, all_scores = self._scores
        all_scores.add(rows["score"])
        scores.add(kept["score"])
        self._samples.add("score", kept, scores.at(kept["score"]).cast(pl.String).fill_null(""))

    def _add_kept(self, kept: pl.DataFrame) -> None:
        sides = kept.select(pl.col(SIDES).str.len_chars())
        spaces = kept.select(pl.col(SIDES).str.count_matches(" ", literal=True) + 1)
        for number, side in enumerate(SIDES):
            self._characters[number].add(sides[side])
            self._words[number].add(spaces[side])
        longer, shorter = pl.max_horizontal(SIDES), pl.min_horizontal(SIDES)
        self._ratios.add(sides.select(longer / shorter).to_series())

        for *key, pairs in _counted(kept, *GROUPED):
            count(self._groups, tuple(key), pairs, (*key[:3], OTHERS, OTHERS, *key[5:]))
        for split, origin, day, pairs in _counted(kept, "split", "origin", "day"):
            if day is None:
                count(self._undated, split, pairs, split)
                continue
            first, last = self._days.get(split, (day, day))
            self._days[split] = min(first, day), max(last, day)
            for unit, start in (("week", _monday(day)), ("month", day[:7]), ("year", day[:4])):
                count(self._time, (unit, start, origin), pairs, (unit, start, OTHERS))
        for (split,), part in kept.group_by("split", maintain_order=True):
            self._distinct("split", str(split), part)

    def _add_rejected(self, rejected: pl.DataFrame) -> None:
        for reason, origin, pairs in _counted(rejected, "reason", "origin"):
            count(self._reasons, (reason, origin), pairs, (reason, OTHERS))
        self._samples.add("reason", rejected, rejected["reason"])
        for (name,), part in rejected.group_by("reason", maintain_order=True):
            if reasons.of_document(str(name)):
                self._distinct("reason", str(name), part)

    def _add_hits(self, hits: pl.DataFrame) -> None:
        how = pl.col("hit").str.extract(r"\), (.+?)(?: \.\d+)?$").fill_null("its document")
        for benchmark, found, pairs in _counted(hits.with_columns(how=how), "benchmark", "how"):
            count(self._hits, (benchmark, found), pairs, (benchmark, OTHERS))
        telling = hits.filter(pl.col("hit").is_not_null())
        self._samples.add("benchmark", telling, telling["benchmark"])
        for (benchmark,), part in hits.group_by("benchmark", maintain_order=True):
            self._distinct("benchmark", str(benchmark), part)

    def _distinct(self, kind: str, name: str, rows: pl.DataFrame) -> None:
        if "document_key" in rows.columns:
            keys = rows["document_key"].to_numpy()
        else:
            keys = np.array(dedupe.document_keys(rows["document"]), dtype=np.uint64)
        self._documents.setdefault((kind, name), Distinct()).add(keys)

    def summary(self) -> Summary:
        """What was counted so far."""
        kept_scores, all_scores = shown(list(self._scores), WIDE)
        src_characters, tgt_characters = shown(list(self._characters), WIDE)
        src_words, tgt_words = shown(list(self._words), WIDE)
        splits = self._splits()
        return Summary(
            pairs=self.pairs,
            rejected=self.rejected,
            documents=len(Distinct.of(self._kept_documents())),
            splits=splits,
            groups=tuple(
                Group(**dict(zip(GROUPED, key, strict=True)), pairs=pairs)
                for key, pairs in sorted(self._groups.items(), key=str)
            ),
            reasons=self._all_reasons(),
            hits=self._all_hits(),
            scores=(kept_scores, all_scores),
            characters=(src_characters, tgt_characters),
            words=(src_words, tgt_words),
            ratios=shown([self._ratios], WIDE)[0],
            bands=tuple(self._bands()),
            timeline=self._timeline(),
        )

    def _kept_documents(self) -> list[Distinct]:
        return [seen for (kind, _), seen in sorted(self._documents.items()) if kind == "split"]

    def _splits(self) -> tuple[Split, ...]:
        sizes: dict[str, int] = {}
        for (name, *_), pairs in self._groups.items():
            sizes[name] = sizes.get(name, 0) + pairs
        order = {name: place for place, name in enumerate(("train", "dev", "test"))}
        return tuple(
            Split(
                name,
                sizes[name],
                len(self._documents[("split", name)]),
                self._undated.get(name, 0),
                *self._days.get(name, (None, None)),
            )
            for name in sorted(sizes, key=lambda name: (order.get(name, len(order)), name))
        )

    def _all_reasons(self) -> tuple[Reason, ...]:
        found = _nested(self._reasons)
        return tuple(
            Reason(
                name,
                sum(found[name].values()),
                _ranked(found[name]),
                self._size("reason", name),
                self._samples.of("reason", name),
            )
            for name in reasons.ordered(found)
        )

    def _all_hits(self) -> tuple[Hits, ...]:
        found = _nested(self._hits)
        return tuple(
            Hits(
                name,
                sum(found[name].values()),
                self._size("benchmark", name) or 0,
                _ranked(found[name]),
                self._samples.of("benchmark", name),
            )
            for name in sorted(found)
        )

    def _size(self, kind: str, name: str) -> int | None:
        seen = self._documents.get((kind, name))
        return None if seen is None else len(seen)

    def _bands(self) -> Iterable[Band]:
        """The kept pairs' scores cut at edges of fine bins, so that samples need no second look."""
        bins = self._scores[0]
        scored = int(bins.counts.sum())
        waiting: list[int] = []
        done = inside = made = 0
        filled = [int(at) for at in np.flatnonzero(bins.counts)]
        for at in filled:
            waiting.append(at)
            inside += int(bins.counts[at])
            if done + inside >= scored * (made + 1) / BANDS or at == filled[-1]:
                edges = (bins.low + place * MARGIN for place in (waiting[0], at + 1))
                low, high = (round(edge, 4) for edge in edges)
                names = [str(place) for place in waiting]
                yield Band(low, high, inside, self._samples.of("score", *names))
                done, inside, waiting = done + inside, 0, []
                made = max(made + 1, int(done * BANDS / scored))
        if self.pairs > scored:
            yield Band(None, None, self.pairs - scored, self._samples.of("score", ""))

    def _timeline(self) -> Timeline:
        weeks, months, years = (
            {start for kind, start, _ in self._time if kind == unit}
            for unit in ("week", "month", "year")
        )
        if not weeks:
            return Timeline("month", (), (), 0)
        days = date.fromisoformat(max(weeks)) - date.fromisoformat(min(weeks))
        if days.days < 7 * WEEKS:
            return self._of_time("week", _weeks(min(weeks), max(weeks)))
        if len(found := _months(min(months), max(months))) <= MONTHS:
            return self._of_time("month", found)
        first = max(int(min(years)), int(max(years)) - YEARS + 1)  # a date may be a slip of 2,000
        return self._of_time("year", [f"{y:04d}" for y in range(first, int(max(years)) + 1)])

    def _of_time(self, unit: str, starts: list[str]) -> Timeline:
        place = {start: at for at, start in enumerate(starts)}
        counts: dict[str, list[int]] = {}
        before = 0
        for (kind, start, origin), pairs in self._time.items():
            if kind == unit and start in place:
                counts.setdefault(origin, [0] * len(starts))[place[start]] += pairs
            elif kind == unit:
                before += pairs
        ranked = sorted(counts.items(), key=lambda one: (-sum(one[1]), one[0]))
        origins = tuple((name, tuple(sizes)) for name, sizes in ranked)
        return Timeline(unit, tuple(starts), origins, before)


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    missing = {"trusted": pl.Boolean, "benchmark": pl.String, "hit": pl.String}
    rows = rows.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in missing.items()
        if name not in rows.columns
    )
    return rows.with_columns(
        pl.col("trusted", "may_redistribute").fill_null(False),
        pl.col("origin", "licence", "document").fill_null(""),
        day=pl.col("published").str.slice(0, 10).str.to_date(strict=False).cast(pl.String),
    )


def _counted(rows: pl.DataFrame, *names: str) -> Iterable[tuple[Any, ...]]:
    """Values and how often, in the order in which they come up first."""
    return rows.group_by(names, maintain_order=True).len().iter_rows()


def _nested(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (name, part), pairs in counts.items():
        found.setdefault(name, {})[part] = pairs
    return found


def _ranked(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _monday(day: str) -> str:
    moment = date.fromisoformat(day)
    # year 1 begins on a Monday, so no date has its week's Monday before the calendar
    return (moment - timedelta(days=moment.weekday())).isoformat()


def _weeks(first: str, last: str) -> list[str]:
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    begin = date.fromisoformat(first)
    return [(begin + timedelta(days=7 * n)).isoformat() for n in range(days // 7 + 1)]


def _months(first: str, last: str) -> list[str]:
    begin, end = (int(m[:4]) * 12 + int(m[5:7]) - 1 for m in (first, last))
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(begin, end + 1)]
