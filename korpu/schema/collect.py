"""What `collect` reads: the sources, and how to fetch them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from korpu.schema.marks import CONTENT, ELSEWHERE, NAME_OR_CONTENT


@dataclass(frozen=True)
class Newsroom:
    """The bundled synthetic newsroom; only ``source=newsroom`` reads it."""

    serve: Annotated[bool, ELSEWHERE]  # start the two sites for the time of the crawl
    seed: int
    articles: int  # events; each gives up to one article per language
    port: int  # Azerbaijani site here, Uzbek site on the next port
    today: str  # the newsroom's own date, also the snapshot's
    truth: Annotated[str, ELSEWHERE]  # where the known alignment and the slices are written


@dataclass(frozen=True)
class Site:
    """A news site to crawl, as a row of the publishers' table."""

    start: list[str]  # entry URLs: front page, sitemap or feed; robots.txt is found from the host
    languages: dict[str, str]  # URL path prefix → FLORES code; the longest prefix wins
    timezone: str
    licence: str
    may_redistribute: bool
    terms_checked: bool
    allow_private: bool  # only for a server of one's own: loopback and private addresses
    delay: float  # seconds between two requests to the host, unless robots.txt asks for more
    max_pages: int  # asked for in one snapshot
    skip: list[str] = field(default_factory=list)  # URL path prefixes that are never asked for
    archive: list[str] = field(default_factory=list)  # a page for each day: …/{year}/{month}/{day}
    since: str | None = None  # YYYY-MM-DD; older articles are left out, and not asked for
    until: str | None = None  # YYYY-MM-DD, inclusive
    terms: str | None = None  # where the publisher's terms stand


@dataclass(frozen=True)
class Warc:
    """Archived pages: a WARC file or a folder of them, such as Common Crawl News."""

    path: Annotated[str, CONTENT]
    languages: dict[str, str]  # URL prefix without scheme ("" is all) → FLORES code, or `identify`
    timezone: str
    licence: str
    may_redistribute: bool
    since: str | None = None  # YYYY-MM-DD, of publication
    until: str | None = None


@dataclass(frozen=True)
class Files:
    """A file or folder of pairs or articles; or two line-aligned text files as ``src``, ``tgt``."""

    licence: str
    may_redistribute: bool
    path: Annotated[str | None, CONTENT] = None
    src: Annotated[str | None, CONTENT] = None  # in place of path: line-aligned with tgt
    tgt: Annotated[str | None, CONTENT] = None
    documents: Annotated[str | None, CONTENT] = None  # of src and tgt: a document id a line
    format: str = "auto"  # by the name's end: jsonl, csv, tsv, parquet, tmx, xliff, html, text
    holds: str = "pairs"  # pairs | articles
    columns: dict[str, str] = field(default_factory=dict)  # our name → the file's, if it differs
    src_lang: str | None = None  # of pairs
    tgt_lang: str | None = None
    languages: dict[str, str] = field(default_factory=dict)  # of articles: path prefix → code
    timezone: str = "UTC"
    synthetic_side: str | None = None  # src | tgt: that side was translated by a machine


@dataclass(frozen=True)
class Hub:
    """A dataset of the Hugging Face hub, or a local directory of the same layout."""

    id: Annotated[str, NAME_OR_CONTENT]
    licence: str
    may_redistribute: bool
    revision: str | None = None  # a commit; null: the newest, recorded in the manifest
    subset: str | None = None
    split: str = "train"
    holds: str = "pairs"  # pairs | articles
    columns: dict[str, str] = field(default_factory=dict)  # our name → the dataset's; a.b is nested
    src_lang: str | None = None
    tgt_lang: str | None = None
    languages: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    synthetic_side: str | None = None


@dataclass(frozen=True)
class Opus:
    """An OPUS archive in Moses layout: a zip by URL or path, or a folder of its files."""

    path: Annotated[str, NAME_OR_CONTENT]  # https://…/az-uz.txt.zip, or where it lies
    src_lang: str
    tgt_lang: str
    licence: str
    may_redistribute: bool
    sha256: str | None = None  # of the zip; null: recorded in the manifest
    allow_private: bool = False


@dataclass(frozen=True)
class Corrections:
    """Machine output as journalists corrected it: JSON lines, CSV, TSV or Parquet."""

    path: Annotated[str, CONTENT]
    licence: str
    may_redistribute: bool
    columns: dict[str, str] = field(default_factory=dict)  # source, machine, corrected, who, when
    src_lang: str | None = None  # null: each row says it
    tgt_lang: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True)
class Sources:
    """Everything to collect from, several kinds in one run; names are unique across kinds."""

    site: dict[str, Site]
    warc: dict[str, Warc]
    files: dict[str, Files]
    hub: dict[str, Hub]
    opus: dict[str, Opus]
    corrections: dict[str, Corrections]
    shard: str | None  # i/n, 1 ≤ i ≤ n: only the hosts and sources that are this machine's share


@dataclass(frozen=True)
class Collect:
    """How to fetch."""

    snapshot: str  # YYYY-MM-DD
    user_agent: str
    timeout: float  # seconds for one request, all of it
    retries: int
    max_bytes: int  # of one decoded body
    max_redirects: int
    min_characters: int  # an article's text below this is not an article
    fetch: Annotated[bool, ELSEWHERE]  # false: only what an earlier run fetched is extracted
    revisit_days: int  # a later snapshot asks again for articles this young
    workers: Annotated[int, ELSEWHERE]  # extraction processes
