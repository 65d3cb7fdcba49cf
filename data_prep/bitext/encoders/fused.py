"""A neural encoder beside ngram: the similarity is a weighted mean of their two cosines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data_prep.bitext.encoders.neural import Neural
from data_prep.bitext.encoders.ngram import Ngram
from data_prep.bitext.vectors import Vectors, beside


@dataclass(frozen=True)
class Fused:
    """``weight`` is the neural cosine's share; ``ngram`` (None: alone) has the rest."""

    ngram: Ngram | None
    neural: Neural
    weight: float

    def encode(self, texts: Sequence[str], side: str) -> Vectors:
        """Both blocks, scaled so that the dot product is the weighted mean."""
        dense = self.neural.encode(texts, side)
        if self.ngram is None:
            return dense
        return beside(
            self.ngram.encode(texts, side).scaled((1 - self.weight) ** 0.5),
            dense.scaled(self.weight**0.5),
        )

    def learn(self, src: Sequence[str], tgt: Sequence[str]) -> Fused:
        """The neural part does not learn; ngram gets its lexicon."""
        if self.ngram is None:
            return self
        return replace(self, ngram=self.ngram.learn(src, tgt))
