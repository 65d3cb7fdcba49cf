"""Machine output as journalists corrected it: the newest correction of each text, trusted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect.files import pair, values
from data_prep.collect.files.rows import Row
from korpu.errors import UsageError
from korpu.schema import Corrections

REQUIRED = ("source", "machine", "corrected", "who", "when")
OPTIONAL = ("src_lang", "tgt_lang", "document", "reason")


def pairs(
    where: str,
    name: str,
    source: Corrections,
    read: Callable[[], Iterable[Row]],
    left_out: Counter[str],
    note: dict[str, str],
) -> Iterator[dict[str, Any]]:
    """Pairs in the order of the rows, which ``read`` gives from the start each time it is called.

    Of several corrections of one text in one direction the newest counts, of equally new ones the
    last; the others are counted `superseded`. A correction that leaves the machine's words as they
    are confirms them; `confirmed` in ``note`` says how many. A document is the row's, else a digest
    of the source text, so that another order of rows changes nothing. Raises ``UsageError`` with
    the place of a row that cannot be read.
    """
    newest: dict[bytes, tuple[str, int]] = {}
    for line, _, key, when, _ in _rows(where, source, read(), Counter()):
        newest[key] = max(newest.get(key, ("", 0)), (when, line))
    confirmed = 0
    for line, langs, key, when, row in _rows(where, source, read(), left_out):
        if newest[key][1] != line:
            left_out["superseded"] += 1
            continue
        confirmed += row["machine"] == row["corrected"]
        digest = hashlib.sha256(row["source"].encode()).hexdigest()[:16]
        yield pair.make(
            name, source, line, langs, row["source"], row["corrected"],
            document=row["document"] or digest, published=when, trusted=True,
            machine=row["machine"] or None, editor=row["who"] or None,
        )  # fmt: skip
    note["confirmed"] = str(confirmed)


def _rows(
    where: str, source: Corrections, rows: Iterable[Row], left_out: Counter[str]
) -> Iterator[tuple[int, tuple[str, str], bytes, str, dict[str, Any]]]:
    """(line, languages, key of source and direction, when in UTC, texts) of complete rows."""
    zone = ZoneInfo(source.timezone)
    for line, (place, row) in enumerate(rows, 1):
        texts: dict[str, Any] = {
            column: values.text(row[column], place, column)
            for column in ("source", "machine", "corrected")
        }
        texts["who"] = values.label(row["who"], place, "who")
        texts["document"] = values.label(row["document"], place, "document")
        when = values.moment(row["when"], zone, place, "when")
        if when is None:
            raise UsageError(f"{place}: when is empty; write when the correction was made")
        if not texts["source"] or not texts["corrected"]:
            left_out["empty"] += 1
            continue
        langs = pair.languages(where, source, row, place)
        if langs is None:
            left_out["other_languages"] += 1
            continue
        key = hashlib.sha256("\0".join([*langs, texts["source"]]).encode()).digest()[:16]
        yield line, langs, key, when, texts
