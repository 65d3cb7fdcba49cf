"""The table of the documents: every number is the report's."""

from eval.markdown import table


def row(system, value, normalised):
    signature = "nrefs:1|nw:2" + ("|norm:korpu-1" if normalised else "")
    return {
        "benchmark": "news",
        "direction": "azj_Latn-uzn_Latn",
        "system": system,
        "metric": "chrf_pp",
        "normalised": normalised,
        "value": value,
        "ci": [value - 1, value + 1],
        "n": 7,
        "signature": signature,
    }


def test_a_row_holds_raw_normalised_interval_and_n():
    report = {
        "systems": ["copy", "adapter"],
        "benchmarks": {"news": {"azj_Latn-uzn_Latn": {"n": 7, "sha256": "0"}}},
        "scores": [
            row("copy", 21.0, False),
            row("copy", 22.5, True),
            row("adapter", 60.0, False),
            row("adapter", 61.5, True),
        ],
    }
    text = table(report)
    assert "| news | azj_Latn-uzn_Latn | 7 | copy | 21.0 / **22.5** (21.5–23.5) |" in text
    assert "| news | azj_Latn-uzn_Latn | 7 | adapter | 60.0 / **61.5** (60.5–62.5) |" in text
    assert text.endswith("- `nrefs:1|nw:2|norm:korpu-1`\n")
