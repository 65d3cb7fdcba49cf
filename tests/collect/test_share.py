"""Shards of a recipe: every source in exactly one, a host never in two."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.collect import share
from korpu.errors import UsageError
from korpu.schema import Corrections, Files, Hub, Opus, Sources, Warc
from tests.collect.conftest import recipe_of, site_of

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
HOSTS = st.sampled_from([f"https://{a}{b}.az" for a in ("", "www.") for b in "abcdefghij"])
STARTS = st.dictionaries(NAMES, st.lists(HOSTS, min_size=1, max_size=3), max_size=8)


def sources(starts: dict[str, list[str]], others: list[str] = (), **changes: Any) -> Sources:  # type: ignore[assignment]
    kinds: list[Any] = [
        ("warc", lambda n: Warc(f"{n}.warc.gz", {"": "identify"}, "UTC", "CC0-1.0", True)),
        ("files", lambda n: Files("CC0-1.0", True, path=f"{n}.jsonl")),
        ("hub", lambda n: Hub(f"org/{n}", "CC0-1.0", True)),
        ("opus", lambda n: Opus(f"{n}.zip", "azj_Latn", "uzn_Latn", "CC0-1.0", True)),
        ("corrections", lambda n: Corrections(f"{n}.jsonl", "CC0-1.0", True)),
    ]
    given: dict[str, Any] = {kind: {} for kind, _ in kinds}
    for place, name in enumerate(others):
        kind, make = kinds[place % len(kinds)]
        given[kind][f"{kind}-{name}"] = make(name)
    sites = {name: site_of(urls) for name, urls in starts.items()}
    return Sources(**{"site": sites, **given, "shard": None, **changes})


def names(found: Sources) -> list[tuple[str, str]]:
    return [(kind, name) for kind in share.KINDS for name in getattr(found, kind)]


def shards(whole: Sources, of: int) -> list[Sources]:
    return [
        share.share(dataclasses.replace(whole, shard=f"{number}/{of}"))
        for number in range(1, of + 1)
    ]


def test_every_kind_of_source_is_shared() -> None:
    assert set(share.KINDS) == {field.name for field in dataclasses.fields(Sources)} - {"shard"}


@given(STARTS, st.lists(NAMES, unique=True, max_size=8), st.integers(1, 12))
def test_every_source_is_in_exactly_one_shard(
    starts: dict[str, list[str]], others: list[str], of: int
) -> None:
    whole = sources(starts, others)
    found = [pair for one in shards(whole, of) for pair in names(one)]
    assert sorted(found) == sorted(names(whole))
    for one in shards(whole, of):
        for kind, name in names(one):
            assert getattr(one, kind)[name] is getattr(whole, kind)[name]


@given(STARTS, st.integers(1, 12))
def test_a_host_is_in_one_shard(starts: dict[str, list[str]], of: int) -> None:
    seen: dict[str, int] = {}
    for number, one in enumerate(shards(sources(starts), of)):
        for site in one.site.values():
            for url in site.start:
                host = url.removeprefix("https://").removeprefix("www.")
                assert seen.setdefault(host, number) == number


@given(STARTS, st.lists(NAMES, unique=True, max_size=8), st.integers(1, 7), st.randoms())
def test_the_order_of_the_sources_does_not_matter(
    starts: dict[str, list[str]], others: list[str], of: int, rng: Any
) -> None:
    turned = list(starts.items())
    rng.shuffle(turned)
    before = [sorted(names(one)) for one in shards(sources(starts, others), of)]
    assert before == [sorted(names(one)) for one in shards(sources(dict(turned), others), of)]


@given(STARTS, st.integers(1, 7))
def test_a_site_more_moves_no_site_of_other_hosts(starts: dict[str, list[str]], of: int) -> None:
    before = [set(one.site) for one in shards(sources(starts), of)]
    more = starts | {"another": ["https://another.uz/"]}
    after = [set(one.site) - {"another"} for one in shards(sources(more), of)]
    assert before == after


def test_sites_that_share_a_host_go_together_whatever_links_them() -> None:
    chain = {
        "one": ["https://a.az/", "https://b.az/"],
        "two": ["https://c.az/feed", "https://www.b.az/"],
        "three": ["https://d.az/", "https://c.az/"],
    }
    by = share.hosts(sources(chain).site)
    assert by == {"one": "a.az", "two": "a.az", "three": "a.az"}
    apart = share.hosts(sources({"one": ["https://a.az:8443/"], "two": ["https://a.az/"]}).site)
    assert apart == {"one": "a.az:8443", "two": "a.az"}
    days = {"one": site_of("https://a.az/"), "two": site_of("https://b.az/")}
    days["two"] = dataclasses.replace(days["two"], archive=["https://a.az/{year}/{month}/{day}"])
    assert share.hosts(days) == {"one": "a.az", "two": "a.az"}


def test_the_place_of_a_host_is_fixed_for_ever() -> None:
    """Machines with other versions of Python agree: the hash is sha256, not the process's own."""
    whole = sources(
        {name: [f"https://{name}.az/"] for name in ("azertac", "report", "oxu", "trend")}
    )
    # printf azertac.az | sha256sum, the first 16 digits modulo 3, plus 1
    assert [sorted(one.site) for one in shards(whole, 3)] == [
        ["azertac"],
        ["oxu", "report"],
        ["trend"],
    ]


def test_shares_are_of_about_equal_size() -> None:
    whole = sources({f"s{n}": [f"https://site{n}.uz/"] for n in range(1000)})
    sizes = [len(one.site) for one in shards(whole, 4)]
    assert sum(sizes) == 1000
    assert all(200 <= size <= 300 for size in sizes), sizes  # 250 ± 3.6 standard deviations


def test_more_shards_than_sources_leave_empty_ones() -> None:
    found = shards(sources({"one": ["https://a.az/"]}, ["x"]), 50)
    assert sum(not names(one) for one in found) >= 48
    assert sum(len(names(one)) for one in found) == 2


def test_without_a_shard_everything_stays() -> None:
    whole = sources({"one": ["https://a.az/"]}, ["x", "y"])
    assert share.share(whole) is whole
    assert names(share.share(dataclasses.replace(whole, shard="1/1"))) == names(whole)


@pytest.mark.parametrize(
    "shard", ["", "1", "0/2", "1/0", "-1/2", "1/2/3", "a/b", "1 / 2", "01/2", "1/2\n", "¹/2"]
)
def test_what_is_no_shard_is_refused(shard: str) -> None:
    with pytest.raises(UsageError, match=r"source\.shard must be i/n"):
        share.share(sources({}, shard=shard))


def test_a_shard_past_the_last_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shard=4/3: there is no shard 4 of 3; use 1 to 3$"):
        share.share(sources({}, shard="4/3"))


def test_a_crawl_s_digest_is_of_what_is_crawled() -> None:
    collect = recipe_of().collect
    whole = sources({"one": ["https://a.az/"], "two": ["https://b.az/"]}, ["x"])
    digest = share.source_digest(whole, collect)
    assert digest == share.source_digest(
        sources({"two": ["https://b.az/"], "one": ["https://a.az/"]}, ["y"], shard="1/1"),
        dataclasses.replace(collect, workers=7, fetch=False),
    )
    assert digest != share.source_digest(whole, dataclasses.replace(collect, snapshot="2025-12-02"))
    assert digest != share.source_digest(sources({"one": ["https://a.az/"]}), collect)
