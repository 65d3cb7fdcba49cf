"""Bundles in any registry: what is published is fetched and stays, the same in all of them."""

import pytest

from korpu import bundle as bundles
from korpu.errors import SaysNo
from tests.release.registry_work import make


def stay(place, tmp_path, make=make):
    """Publish three versions, the first of them again and otherwise; returns where that is."""
    made = make(tmp_path / "a")
    first = place.publish(made)
    assert first.new
    assert not place.publish(make(tmp_path / "b")).new  # other provenance, the same content
    with pytest.raises(SaysNo, match=r"another content.*raise release\.version"):
        place.publish(make(tmp_path / "c", content="others"))
    place.publish(make(tmp_path / "d", "1.10.0"))
    place.publish(make(tmp_path / "e", "1.9.0"))
    assert place.names() == ["demo"]
    assert place.versions("demo") == ["1.0.0", "1.9.0", "1.10.0"]
    found = place.fetch("demo", "1.0.0")
    assert bundles.verify(found)["content"] == first.content
    for path in ("MANIFEST.json", "hf/part-01"):
        assert (found / path).read_bytes() == (made / path).read_bytes()
    assert found.is_relative_to(tmp_path / "cache")
    return first.where
