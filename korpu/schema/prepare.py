"""What `prepare` reads: alignment, filters, splits, benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from korpu.schema.marks import CONTENT, ELSEWHERE, NAME_OR_CONTENT


@dataclass(frozen=True)
class Encoder:
    """What turns sentences into vectors that are close when they say the same (group `encoder`)."""

    kind: str  # ngram | e5 | hub
    weight: float  # of its cosine where ngram's is the rest; 1: alone
    hub_id: str | None  # hub: a transformers encoder
    revision: str | None
    path: Annotated[str | None, CONTENT]  # hub: a local directory instead
    pooling: str  # hub: cls | mean | pooler
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
    """A test set in two line-aligned files; also what the corpus is decontaminated against.

    A file is text, a sentence a line, or a table (.jsonl, .parquet) with a column of it.
    """

    src: Annotated[str, CONTENT]
    tgt: Annotated[str, CONTENT]
    src_lang: str
    tgt_lang: str
    # an id a line, or a table (.tsv, too) with a column
    documents: Annotated[str | None, CONTENT] = None
    licence: str = "LicenseRef-unknown"
    refs: Annotated[list[str], CONTENT] = field(default_factory=list)  # further ones beside tgt
    column: str = "text"  # of the sentences in a table
    document_column: str = "url"  # of the ids in a table
