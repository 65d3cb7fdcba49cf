"""How a progress is drawn: a bar, hosts and errors on a terminal, one line in a log.

Names and reasons come from foreign servers: all of them are cut and escaped before they are drawn.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from korpu import log

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

HOSTS = 10  # hosts in the table; the others share a row
REASONS = 3  # reasons of errors per host
QUIET = 60.0  # seconds without a finished unit that are worth a word


class Display:
    """What ``look`` returns (the content of a progress.json), drawn as wide as the terminal."""

    def __init__(self, look: Callable[[], Mapping[str, Any]]) -> None:
        self._look = look

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        facts = self._look()
        if facts:
            height = console.size.height - 1
            yield from lines(facts, options.max_width, height, plain=options.ascii_only)


def lines(
    facts: Mapping[str, Any], width: int, height: int = 50, *, plain: bool = False
) -> list[Text]:
    """A bar with count, rate and time left; then hosts and errors, where they are told."""
    drawn = [_bar(facts, width, plain)]
    if note := facts.get("note"):
        drawn.append(styled(f"  {cut(note, width - 2)}", "dim"))
    quiet = time.time() - (instant(facts.get("moved")) or time.time())
    if quiet > QUIET:
        drawn.append(styled(f"  no {cut(facts.get('unit'), 20)} for {span(quiet)}", "yellow"))
    errors = _counts(facts.get("errors"))
    hosts = facts.get("hosts")
    if isinstance(hosts, dict) and hosts:
        # Lines this short terminal keeps for the table: not the bar, the head and the errors.
        room = height - len(drawn) - 1 - bool(errors)
        drawn.extend(_table(hosts, width, min(HOSTS, room)))
    if errors:
        head = f"  {_errors(errors)}: "
        drawn.append(styled(head + _reasons(errors, 20, width - len(head)), "yellow"))
    for line in drawn:
        line.truncate(width, overflow="crop" if plain else "ellipsis")
    return drawn


def sentence(facts: Mapping[str, Any]) -> str:
    """The same in one line, for a log."""
    count, rate, left = _numbers(facts)
    parts = [f"{cut(facts.get('what'), 40)}: " + ", ".join(p for p in (count, rate, left) if p)]
    if note := facts.get("note"):
        parts.append(cut(note, 200))
    hosts = facts.get("hosts")
    if isinstance(hosts, dict) and hosts:
        rows = [_host(name, value) for name, value in hosts.items()]
        names = f"{len(rows):,} hosts" if len(rows) > 1 else "1 host"
        parts.append(f"{names}, {sum(row.waiting for row in rows):,} waiting")
    errors = _counts(facts.get("errors"))
    if errors:
        parts.append(f"{_errors(errors)}: {_reasons(errors, REASONS)}")
    return "; ".join(parts)


def span(seconds: float) -> str:
    """A time for people: its two largest units."""
    whole = max(int(seconds), 0)
    for size, name, below, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {name} {rest} {small}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


def _bar(facts: Mapping[str, Any], width: int, plain: bool) -> Text:
    count, rate, left = _numbers(facts)
    what = cut(facts.get("what"), max(width // 3, 12))
    bar = styled(f"  {what}", "bold")
    total, done = _number(facts.get("total")), _number(facts.get("done"))
    numbers = "  ".join(part for part in (count, rate, left) if part)
    if len(numbers) + len(what) + 4 > width:
        numbers = "  ".join(part for part in (count.partition(" ")[0], rate, left) if part)
    room = min(width - bar.cell_len - len(numbers) - 4, 40)
    if total and room >= 5:
        full = min(room * done // total, room)
        bar.append("  ").append(("#" if plain else "━") * full, "cyan")
        bar.append(("-" if plain else "─") * (room - full), "dim")
    return bar.append("  ").append(numbers)


def _numbers(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Count with unit, rate and time left; what is not known is empty."""
    total, done = facts.get("total"), _number(facts.get("done"))
    of = f"/{_number(total):,}" if total is not None else ""
    rate, left = facts.get("rate"), facts.get("eta_seconds")
    return (
        f"{done:,}{of} {cut(facts.get('unit'), 20)}",
        _rate(rate) if isinstance(rate, int | float) and rate > 0 else "",
        f"{span(left)} left" if isinstance(left, int | float) else "",
    )


def _rate(rate: float) -> str:
    for factor, name in ((1, "s"), (60, "min")):
        if rate * factor >= 0.1:
            return f"{rate * factor:,.{0 if rate * factor >= 100 else 1}f}/{name}"
    return f"{rate * 3600:.1f}/h"


@dataclass(frozen=True)
class _Host:
    name: str
    done: int
    waiting: int
    state: str
    errors: Mapping[str, int]

    @property
    def ended(self) -> bool:
        return self.state in ("done", "given up")


def _host(name: Any, value: Any) -> _Host:
    told = value if isinstance(value, dict) else {}
    return _Host(
        str(name),
        _number(told.get("done")),
        _number(told.get("waiting")),
        str(told.get("state") or ""),
        _counts(told.get("errors")),
    )


def _table(hosts: Mapping[str, Any], width: int, rows: int) -> list[Text]:
    """A head and at most ``rows`` hosts, the busiest first; the last row is the others'."""
    if rows < 2:
        return []
    busiest = sorted(
        (_host(name, value) for name, value in hosts.items()),
        key=lambda host: (host.ended, -host.waiting, -host.done, host.name),
    )
    if len(busiest) > rows:
        busiest[rows - 1 :] = [_others(busiest[rows - 1 :])]
    cells = [("host", "done", "waiting" if width >= 60 else "wait", "state", "errors")]
    for one in busiest:
        numbers = (f"{one.done:,}", f"{one.waiting:,}")
        listed = _reasons(one.errors, REASONS)
        cells.append((cut(one.name, 256, keep_end=True), *numbers, cut(one.state, 40), listed))
    wide = [max(cell_len(cell[n]) for cell in cells) for n in range(5)]
    done, waiting, state = wide[1], wide[2], min(wide[3], 20 if width >= 60 else 12)
    left = width - 2 - (2 + done) - (2 + waiting) - (2 + state)
    any_errors = any(cell[4] for cell in cells[1:])
    errors = min(wide[4], left * 3 // 5 - 2) if any_errors and left >= 45 else 0
    name = min(wide[0], left - (errors + 2 if errors else 0))
    errors = left - name - 2 if errors else 0
    drawn = []
    for n, cell in enumerate(cells):
        row = _padded(cut(cell[0], name, keep_end=n > 0), name)
        row += f"  {cell[1]:>{done}}  {cell[2]:>{waiting}}  {_padded(cut(cell[3], state), state)}"
        last = styled(f"  {row}", "dim" if n == 0 else "")
        if errors and cell[4]:
            listed = _reasons(busiest[n - 1].errors, REASONS, errors) if n else cell[4]
            last.append("  ").append(listed, "yellow" if n else "dim")
        last.rstrip()
        drawn.append(last)
    return drawn


def _others(hosts: list[_Host]) -> _Host:
    errors: Counter[str] = Counter()
    for host in hosts:
        errors.update(host.errors)
    ended = sum(host.ended for host in hosts)
    return _Host(
        f"{len(hosts):,} others",
        sum(host.done for host in hosts),
        sum(host.waiting for host in hosts),
        f"{ended:,} ended" if ended else "",
        errors,
    )


def _errors(errors: Mapping[str, int]) -> str:
    count = sum(errors.values())
    return "1 error" if count == 1 else f"{count:,} errors"


def _reasons(errors: Mapping[str, int], most: int, cells: int = 10_000) -> str:
    """The commonest reasons with their counts: at most ``most``, and no more than there is room."""
    often = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    listed = [f"{cut(reason, 24)} {count:,}" for reason, count in often]
    for shown in range(min(most, len(listed)), 0, -1):
        more = [f"{len(listed) - shown} more"] if len(listed) > shown else []
        text = ", ".join([*listed[:shown], *more])
        if cell_len(text) <= cells:
            return text
    return cut(listed[0], cells) if listed else ""


def _counts(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        return {}
    return {str(name): number for name, count in value.items() if (number := _number(count))}


def _number(value: Any) -> int:
    """A count from a file anything may have happened to."""
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0


def cut(value: Any, cells: int, *, keep_end: bool = False) -> str:
    """Foreign text in so many cells of a terminal. Of a host the end says whose it is."""
    text = str(value or "")
    text = log.printable(text[-256:] if keep_end else text[:256])
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) > cells - 1:
        text = text[1:] if keep_end else text[:-1]
    return f"…{text}" if keep_end else f"{text}…"


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def styled(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(no_wrap=True, end="\n").append(text, style)


def instant(text: Any) -> float | None:
    """An ISO time in seconds since 1970; None where it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
