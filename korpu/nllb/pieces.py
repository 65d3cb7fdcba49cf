"""A sentencepiece model of our own: the pieces a tokenizer of a from-scratch model is made of."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from korpu.errors import UsageError

# What the orthographies and their numbers need, so that a letter that the training text happens to
# lack is not <unk> at test time: there is no byte fallback in NLLB's vocabulary.
ALPHABET = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "çəğıöşüÇƏĞİÖŞÜʻʼ0123456789.,:;!?-–—()%/“”«»\"'+"
)
MOST = re.compile(r"set it to a value <= (\d+)")


def train_pieces(
    texts: Iterable[str], size: int, *, at_most: bool = False, alphabet: str = ALPHABET
) -> bytes:
    """A BPE sentencepiece model of exactly ``size`` pieces, the three control pieces included.

    ``at_most``: of fewer, where the texts do not give so many. ``alphabet``: characters it has
    whether or not the texts have them.

    NLLB's own settings: NFKC, no byte fallback; digits are split and every character of the texts
    is covered. Texts are sorted and the trainer has one thread, so the same texts in any order give
    the same bytes. Raises ``UsageError`` where the texts cannot give such a vocabulary.
    """
    import sentencepiece

    lines = sorted(line for text in texts for line in text.splitlines() if line.strip())
    if not lines:
        raise UsageError("there is no text to learn a vocabulary from; check what is selected")
    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=written,
            model_type="bpe",
            vocab_size=size,
            character_coverage=1.0,
            required_chars=alphabet,
            split_digits=True,
            byte_fallback=False,
            normalization_rule_name="nmt_nfkc",
            num_threads=1,
            shuffle_input_sentence=False,
            max_sentence_length=1 << 24,  # a longer line is dropped silently
            minloglevel=2,
        )
    except RuntimeError as error:
        most = MOST.search(str(error))
        if at_most and most:
            return train_pieces(lines, int(most.group(1)), alphabet=alphabet)
        raise UsageError(_refused(str(error), size)) from error
    return written.getvalue()


def _refused(error: str, size: int) -> str:
    most = MOST.search(error)
    least = re.search(r"smaller than required_chars\. \d+ vs (\d+)", error)
    if most:
        short = size - int(most.group(1))
        return f"the texts give {short} pieces fewer than asked; lower model.vocabulary_size by it"
    if least:
        short = int(least.group(1)) - size
        return f"the texts' characters alone need {short} more pieces; raise model.vocabulary_size"
    return f"sentencepiece learned no vocabulary: {error}"
