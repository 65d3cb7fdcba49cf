"""The one recipe every command reads: a frozen dataclass per group, values in ``configs/``.

A field says by its annotation how it enters a stage's key: ``ELSEWHERE`` fields (paths, workers,
devices, credentials) do not, ``CONTENT`` fields are paths whose file *content* does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

ELSEWHERE = "elsewhere"  # changes where or how fast, never what
CONTENT = "content"  # a path: the key takes the file's sha256 in its place
NAME_OR_CONTENT = "name or content"  # a name, or a path that is treated as CONTENT


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


@dataclass(frozen=True)
class Encoder:
    """What turns sentences into vectors that are close when they say the same (group `encoder`)."""

    kind: str  # ngram | e5 | hub
    weight: float  # of its cosine where ngram's is the rest; 1: alone
    hub_id: str | None  # hub: a transformers encoder
    revision: str | None
    path: Annotated[str | None, CONTENT]  # hub: a local directory instead
    pooling: str  # hub: cls | mean
    prefix: str  # before every sentence ("query: ")
    max_tokens: int  # of a sentence; what is beyond is not seen
    batch_tokens: Annotated[int, ELSEWHERE]
    licence: str | None


@dataclass(frozen=True)
class Align:
    """Documents by links or dates, sentences by margin and monotone dynamic programming."""

    neighbours: int  # k of the margin
    days: int  # documents without a link: publication dates at most this far apart
    document_margin: float
    sentence_margin: float  # pairs below are not translations
    max_merge: int  # 2: 1-2, 2-1 and 2-2 links are tried
    everywhere: (
        float | None
    )  # margin of pairs mined without documents, from what is left; null: off


@dataclass(frozen=True)
class Filter:
    """Rules a pair must pass; a rejected pair keeps the name of the first rule it broke."""

    min_characters: int
    max_characters: int
    max_ratio: float  # of lengths in characters, longer over shorter
    min_alphabetic: float  # share of letters among non-space characters
    max_copy: float  # similarity of the two sides above which the pair is a copy
    max_repeat: float  # share of one token in a side above which it is a repetition
    numbers: bool  # digits must agree
    dates: bool  # dates written with a month's name must not contradict
    urls: bool  # addresses must be the same on both sides
    currencies: bool  # named currencies must not contradict
    profanity: Annotated[str | None, NAME_OR_CONTENT]  # a file of words; korpu: ours; null: off
    boilerplate: int  # documents in which a sentence may stand; 0: any number
    language: bool  # both sides must be identified as what they claim to be


@dataclass(frozen=True)
class Dedupe:
    """The best-scoring of equal, or nearly equal, pairs stays."""

    side: str  # either: one side in common is enough | both
    near: (
        float | None
    )  # similarity (Jaccard, character 5-grams) of near duplicates; null: exact only


@dataclass(frozen=True)
class Decontaminate:
    """What touches a benchmark goes, with its document."""

    ngram: int  # words of a run that may not be shared with a test line
    coverage: float  # share of a test line's runs that a text may hold
    near: float | None  # similarity (Jaccard, character 5-grams) with a test line; null: off


@dataclass(frozen=True)
class Split:
    """By publication date where there is one, else by document."""

    dev_from: str | None  # YYYY-MM-DD; null: no dated split
    test_from: str | None
    undated: str  # reject | train | document (by a hash of the document id)
    dev_share: float  # of documents, for `document`
    test_share: float
    train_only: list[str]  # origins that never give dev or test pairs
    near_documents: float | None  # similarity of documents that may not be in two splits; null: off


@dataclass(frozen=True)
class Prepare:
    """From articles and aligned files to a corpus."""

    src_lang: str
    tgt_lang: str
    pivots: list[str]  # further languages: aligned pairs of them with either of the two are kept
    encoder: Encoder
    align: Align
    filter: Filter
    dedupe: Dedupe
    decontaminate: Decontaminate
    split: Split
    workers: Annotated[int, ELSEWHERE]


@dataclass(frozen=True)
class Benchmark:
    """A test set in two line-aligned files; also what the corpus is decontaminated against."""

    src: Annotated[str, CONTENT]
    tgt: Annotated[str, CONTENT]
    src_lang: str
    tgt_lang: str
    documents: Annotated[str | None, CONTENT]
    licence: str


@dataclass(frozen=True)
class Model:
    """A model of the M2M100/NLLB family, and its licence."""

    name: str
    weights: str  # scratch (a `base` stage trains it) | local | hub
    path: Annotated[str | None, CONTENT]  # a directory, for local
    hub_id: str | None
    revision: str | None
    licence: str
    vocabulary_size: int  # of what `scratch` learns; ignored otherwise
    d_model: int
    layers: int  # of encoder and of decoder
    heads: int
    ffn: int
    dropout: float
    max_length: int  # source tokens; longer input is split, never cut


@dataclass(frozen=True)
class Adapter:
    """LoRA on attention and feed-forward; never on embeddings."""

    kind: str  # lora
    r: int
    alpha: int
    dropout: float
    targets: list[str]


@dataclass(frozen=True)
class Select:
    """Rows of a corpus; an empty list does not restrict."""

    origin: list[str]
    section: list[str]


@dataclass(frozen=True)
class Train:
    """One training run: `base` (all weights, from scratch) or `train` (the adapter)."""

    select: Select
    mix: Select  # rows mixed in against forgetting …
    mix_share: float  # … as this share of an epoch's examples; 0: none
    directions: list[str]  # azj_Latn-uzn_Latn …
    steps: int
    target_tokens: int  # budget of one batch, padding included
    max_tokens: int  # a longer pair is left out and counted
    lr: float
    schedule: str  # cosine | linear | constant
    warmup: int
    weight_decay: float
    label_smoothing: float
    clip: float
    average: int  # how many of the last validations' weights are averaged; 1: none
    validate_every: int
    validate_lines: int  # of dev, per direction
    patience: int  # validations without a better score before stopping; 0: never
    save_every: int


@dataclass(frozen=True)
class Decode:
    """How text is translated, in validation, evaluation and release alike."""

    beam: int
    length_penalty: float
    max_new_tokens: int
    no_repeat_ngram: int
    batch_tokens: int


@dataclass(frozen=True)
class Part:
    """A named part of the corpus's own test split; empty lists do not restrict."""

    origin: list[str]
    section: list[str]
    slice: list[str]


@dataclass(frozen=True)
class Evaluate:
    """What is scored, on what, how."""

    systems: list[str]  # copy | base | adapter
    directions: list[str]
    test: dict[str, Part]
    slices: Annotated[str | None, CONTENT]  # JSON lines {language, text, slice}
    metrics: list[str]  # bleu | chrf | chrf_pp
    bootstrap: int  # resamples for the intervals


@dataclass(frozen=True)
class Gate:
    """When a model is measurably worse than its baseline."""

    system: str
    baseline: Annotated[str, NAME_OR_CONTENT]  # a system of this report, or another report's path
    benchmarks: list[str]  # empty: all
    metric: str
    alpha: float
    delta: float
    trials: int  # of the approximate randomisation
    underpowered: float  # minimum detectable effect above which a verdict says so
    max_off_target: float
    max_empty: float
    max_repeated: float
    strict: bool


@dataclass(frozen=True)
class Release:
    """What is published, where, and what must hold before."""

    name: str
    version: str
    registry: Annotated[str, ELSEWHERE]
    alias: str | None  # moved to this version when all is proven
    exports: list[str]  # float32 | int8
    licence: str
    parity_lines: int
    parity_identical: dict[str, float]  # minimum share of identical translations, by export
    parity_chrf_pp: float  # maximum difference


@dataclass(frozen=True)
class Tracker:
    """Who follows `metrics.jsonl`."""

    kind: str  # none | wandb
    project: str
    mode: str  # offline | online


@dataclass(frozen=True)
class Slurm:
    """What datatrove's Slurm executor asks the cluster for."""

    partition: str
    time: str  # HH:MM:SS of one task
    cpus_per_task: int
    mem_per_cpu_gb: int
    setup: str | None  # a shell line before each task, such as `source .venv/bin/activate`
    options: dict[str, str]  # further sbatch options: account, qos, …
    poll: float  # seconds between looks at the queue


@dataclass(frozen=True)
class Runtime:
    """Where things are and what runs them; none of it changes a result."""

    outputs: str
    shared: str
    device: str  # auto | cpu | cuda
    threads: int  # of torch; 0: its own choice
    executor: str  # local | datatrove_local | datatrove_slurm | datatrove_ray (group `runtime`)
    tasks: int  # at most this many datatrove tasks a step
    slurm: Slurm
    ray: str | None  # address of the Ray cluster; null: started here


@dataclass(frozen=True)
class Recipe:
    """One schema for every command; a stage declares which of these sections it reads."""

    name: str
    seed: int
    newsroom: Newsroom
    source: Sources
    collect: Collect
    prepare: Prepare
    benchmark: dict[str, Benchmark]
    model: Model
    adapter: Adapter
    base: Train
    train: Train
    decode: Decode
    evaluate: Evaluate
    gate: Gate
    release: Release
    tracker: Tracker
    runtime: Annotated[Runtime, ELSEWHERE]
    out: Annotated[str | None, ELSEWHERE]  # the command's own output goes here instead
