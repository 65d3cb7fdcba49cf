"""Where the pairs of a direction lie in a corpus on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from korpu.artifact import Artifact
from korpu.languages import direction


def files(corpus: Artifact, split: str, directions: Sequence[str]) -> list[Path]:
    """The files of a split that hold these directions, the corpus's own pair of languages first.

    Its file is always among them; a pair with a further language has a folder of its own, named
    in the order the corpus has it, and a direction without one adds nothing.
    """
    found = [corpus.file(f"{split}.parquet")]
    for name in directions:
        for pair in (name, "-".join(reversed(direction(name)))):
            path = corpus.directory / pair / f"{split}.parquet"
            if path.exists() and path not in found:
                found.append(path)
    return found
