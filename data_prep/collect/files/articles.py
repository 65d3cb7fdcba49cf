"""Rows of a table, or files of a folder, as articles: the same extraction as a crawled page's."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from data_prep.collect.files import tags, values
from data_prep.collect.files.rows import Row
from data_prep.collect.page import extract
from data_prep.collect.page.extract import Rules
from data_prep.collect.site.urls import canonical
from korpu import schema

REQUIRED = ("text",)
OURS = ("azj_Latn", "uzn_Latn")
OPTIONAL = ("url", "title", "published", "language", "section", "alternates")


def rules_of(source: schema.Files | schema.Hub, collect: schema.Collect) -> Rules:
    """What extraction is told of a given source; there is no window."""
    return Rules.of(source, collect.snapshot, collect.min_characters)


def fetched(rules: Rules) -> str:
    """Given files were not fetched; the snapshot's day stands for it, the same in every run."""
    return f"{rules.snapshot}T00:00:00Z"


def local(rules: Rules, url: str | None, path: str) -> Rules:
    """The rules where a prefix of the file's relative path says the language and the URL does not.

    ``url`` is None where the file has none of its own; its `/path` then stands for one.
    """
    if url is not None and extract.declared(url, rules.languages):
        return rules
    bare = {prefix: prefix.strip("/") for prefix in rules.languages}
    fitting = [prefix for prefix in bare if not bare[prefix] or path.startswith(f"{bare[prefix]}/")]
    if not fitting:
        return dataclasses.replace(rules, languages={})
    best = max(fitting, key=lambda prefix: len(bare[prefix]))
    as_path = f"/{bare[best]}/" if bare[best] and url is None else ""
    return dataclasses.replace(rules, languages={as_path: rules.languages[best]})


def own(row: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    """A row without a URL of its own, named `source/path`, so that no two sources' can be equal."""
    url = f"{name}/{path}"
    row["page"] = url
    if "url" in row:
        row |= {"url": url, "id": hashlib.sha256(url.encode()).hexdigest()[:16]}
    return row


def of_rows(
    name: str,
    source: schema.Files | schema.Hub,
    collect: schema.Collect,
    tables: Iterable[tuple[str, Iterable[Row]]],
) -> Iterator[dict[str, Any]]:
    """Articles of (relative path, rows), or reasons, as ``extract.of_text`` gives them.

    Raises ``UsageError`` with the place of a value that is wrong.
    """
    rules = rules_of(source, collect)
    for file, rows in tables:
        for number, (place, row) in enumerate(rows, 1):
            given = values.text(row["url"], place, "url")
            url = canonical(given) if given else None
            path = given.lstrip("/") if given else f"{file}:{number}" if file else str(number)
            found = _article(name, source, local(rules, url, path), url or f"/{path}", place, row)
            yield found if url else own(found, name, path)


def _article(
    name: str,
    source: schema.Files | schema.Hub,
    rules: Rules,
    url: str,
    place: str,
    row: dict[str, Any],
) -> dict[str, Any]:
    tag = values.text(row["language"], place, "language")
    links = values.listed(row["alternates"], place, "alternates")
    nothing = {"site": name, "page": url, "fetched": fetched(rules), "reason": "wrong_language"}
    code = tags.flores(tag) if tag else None
    if tag and code is None:
        return nothing
    if code in OURS and tags.fits(tag, code.replace("Latn", "Cyrl")):
        code = extract.IDENTIFY  # `uz` says nothing of the script
    found = extract.of_text(
        values.text(row["text"], place, "text"),
        rules,
        url=url,
        site=name,
        fetched=fetched(rules),
        title=values.text(row["title"], place, "title"),
        published=values.moment(row["published"], ZoneInfo(source.timezone), place, "published"),
        language=code,
        section=values.label(row["section"], place, "section"),
        alternates=[canonical(link) or link for link in links],
    )
    wrong = tag and "language" in found and not tags.fits(tag, found["language"])
    return nothing if wrong else found
