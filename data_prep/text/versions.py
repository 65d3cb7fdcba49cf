"""The versions of the text functions whose output decides what a stage or a score is.

A corpus hangs on all of them, a normalised score on ``normalize`` and ``transliterate``. Importing
this loads no detector.
"""

from __future__ import annotations

from data_prep.text import identify, normalize, segment, transliterate


def versions() -> dict[str, str]:
    """Function → version; for keys, manifests and signatures."""
    return {
        "identify": identify.VERSION,
        "normalize": normalize.VERSION,
        "segment": segment.VERSION,
        "transliterate": transliterate.VERSION,
    }
