"""The order of licences: what may not be given looser than it was got."""

import pytest

from korpu.errors import SaysNo
from release import licence


@pytest.mark.parametrize(
    ("released", "demanded", "missing"),
    [
        ("CC0-1.0", "CC0-1.0", []),
        ("CC0-1.0", "MIT", ["MIT"]),
        ("Apache-2.0", "BSD-3-Clause AND Apache-2.0", []),
        ("MIT", "CC-BY-4.0", ["CC-BY-4.0"]),
        ("CC-BY-4.0", "MIT", []),
        ("CC-BY-SA-4.0", "CC-BY-4.0", []),
        ("CC-BY-4.0", "CC-BY-SA-4.0", ["CC-BY-SA-4.0"]),
        ("CC-BY-SA-4.0", "CC-BY-NC-4.0", ["CC-BY-NC-4.0"]),
        ("CC-BY-NC-4.0", "BSD-3-Clause AND CC-BY-SA-4.0", []),
        ("CC-BY-NC-4.0", "LicenseRef-Publisher", ["LicenseRef-Publisher"]),
        ("CC-BY-NC-4.0 AND LicenseRef-Publisher", "LicenseRef-Publisher", []),
        ("MIT", "MIT OR CC-BY-NC-4.0", []),
        ("CC-BY-NC-4.0", "", ["no licence at all"]),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0", []),
        ("unknown", "CC0-1.0", ["CC0-1.0"]),
    ],
)
def test_what_a_licence_does_not_cover(released, demanded, missing):
    assert licence.uncovered(released, demanded) == missing


def test_the_sentence_names_what_demands_it():
    demands = [("the base model nllb", "CC0-1.0"), ("the data of xabar", "CC-BY-SA-4.0")]
    licence.check("CC-BY-SA-4.0", demands)
    with pytest.raises(SaysNo, match="cannot be given: the data of xabar is under CC-BY-SA"):
        licence.check("CC-BY-4.0", demands)
    with pytest.raises(SaysNo, match="is not in the table"):
        licence.check("MIT", [("the data of xabar", "all rights reserved")])
