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


def test_a_row_holds_raw_normalised_interval_and_n_and_a_program_s_raw_score():
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
    raw = row("copy", 0.75, False) | {"metric": "comet", "signature": "nrefs:1|comet|2"}
    report["scores"] += [
        {**raw, "ci": [0.71, 0.79]},
        {**raw, "system": "adapter", "value": -0.25, "ci": [-0.3, -0.2]},
    ]
    text = table(report)
    assert "| chrF++ raw / normalised | comet raw |" in text
    place = "| news | azj_Latn-uzn_Latn | 7 |"
    copied = "21.0 / **22.5** (21.5–23.5) | 0.750 (0.710–0.790)"
    assert f"{place} copy | {copied} |" in text
    adapted = "60.0 / **61.5** (60.5–62.5) | -0.250 (-0.300 to -0.200)"
    assert f"{place} adapter | {adapted} |" in text
    assert text.endswith("- `nrefs:1|nw:2|norm:korpu-1`\n- `nrefs:1|comet|2`\n")
