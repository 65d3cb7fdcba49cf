"""What ships beside the weights: the consumer contract, the card, the provenance."""

import copy
import importlib.util
import json

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from korpu.nllb import orthography
from release import contract

SCHEMA = json.loads(contract.SCHEMA_FILE.read_text("utf-8"))


@pytest.fixture
def made(released):
    return json.loads((released.path / "translation.json").read_text("utf-8"))


def test_the_contract_is_of_its_schema(made):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(made, SCHEMA)
    for path, value in (
        (("tokens", "end"), None),
        (("decoding", "max_decoding_length"), "40"),
        (("directions",), []),
        (("more",), 1),
        (("version",), "1"),
    ):
        broken = copy.deepcopy(made)
        inside = broken
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_the_contract_says_what_was_measured(made):
    assert made["directions"] == [
        {"source": "azj_Latn", "target": "uzn_Latn"},
        {"source": "uzn_Latn", "target": "azj_Latn"},
    ]
    assert made["languages"]["uzn_Latn"] == {"iso": "uz", "name": "Uzbek", "token": "uzn_Latn"}
    assert made["tokens"]["source_layout"] == ["{source}", "{text}", "</s>"]
    assert made["decoding"]["max_decoding_length"] == 40
    assert made["decoding"]["max_input_length"] == 64
    assert made["input"]["max_tokens"] == 40
    assert set(made["formats"]) == {"hf", "ct2-float32", "ct2-int8"}
    assert {row["system"] for row in made["metrics"]} == {"copy", "base", "adapter"}
    assert all("version:" in row["signature"] for row in made["metrics"])


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAMS = [
    contract.SCHEMA_FILE.with_name("parity_worker.py"),
    *(contract.SCHEMA_FILE.parents[1] / "examples/consumers").glob("*.py"),
]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_of_its_own_writes_and_reads_the_orthography_as_the_project_does(made, path):
    program, rules = module_of(path), made["orthography"]
    own = contract.orthography(made)
    assert own.marks["uzn_Latn"]["after_o_g"]["ʻ"] == "‘"
    assert rules["back"] == {"…": r"\.{3}(?!\.)"}

    @settings(max_examples=200, deadline=None)
    @given(st.text("oOgxs ʻʼ‘’'`«»….", max_size=12), st.sampled_from(["azj_Latn", "uzn_Latn"]))
    def agree(text, code):
        assert program.written(rules, text, code) == orthography.encode(own, text, code)
        assert program.canonical(rules, text, code) == orthography.decode(own, text, code)

    agree()
    assert program.written(rules, "Gʻalaba… togʻ, sanʼat", "uzn_Latn").startswith("G‘alaba... tog‘")


def test_the_normaliser_s_vectors_show_its_rules(made):
    vectors = {row["text"]: row["normalised"] for row in made["input"]["normaliser"]["vectors"]}
    assert vectors["O‘zbekiston va Qoraqalpog`iston"] == "Oʻzbekiston va Qoraqalpogʻiston"
    assert vectors["ma'no, san’at, e'lon"] == "maʼno, sanʼat, eʼlon"
    assert vectors["Ўзбекистон шаҳарлари"] == "Oʻzbekiston shaharlari"


def test_the_card_has_measured_numbers_baseline_licence_and_limits(released):
    text = (released.path / "README.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["license"] == "cc0-1.0"
    assert head["language"] == ["az", "uz"]
    results = head["model-index"][0]["results"]
    assert [result["dataset"]["args"] for result in results] == [
        "azj_Latn-uzn_Latn",
        "uzn_Latn-azj_Latn",
    ]
    metric = results[0]["metrics"][-1]
    assert (metric["name"], metric["value"], metric["args"]["n"]) == (
        "chrF++ (normalised)",
        91.0,
        40,
    )
    assert "| news | azj_Latn-uzn_Latn | 40 | chrF++ | 25.0 | 40.0 | **91.0** (90.0–92.0) |" in body
    assert "synthetic newsroom" in body
    assert "| korpu_az+koprik_uz | CC0-1.0 | 300 | yes |" in body
    assert "| ct2-int8 | azj_Latn-uzn_Latn | 24 |" in body
    assert "float16 (not exported)" in body


def test_the_card_is_read_by_the_hub_s_own_library(released):
    from huggingface_hub import ModelCard

    card = ModelCard.load(released.path / "README.md")
    assert card.data.license == "cc0-1.0"
    assert card.data.model_name == "small"
    found = {
        (row.task_type, row.dataset_args, row.metric_type, row.metric_name): row.metric_value
        for row in card.data.eval_results
    }
    assert len(found) == 8  # two directions, two metrics, raw and normalised
    assert found["translation", "azj_Latn-uzn_Latn", "chrf", "chrF++ (normalised)"] == 91.0


def test_provenance_names_configuration_code_and_environment(world, released):
    made = json.loads((released.path / "provenance.json").read_text("utf-8"))
    assert made["stages"]["train"] == {
        key: value for key, value in world.inputs["train"].reference().items() if key != "stage"
    }
    assert made["config"]["release"]["name"] == "small"
    assert "registry" not in made["config"]["release"]
    assert made["environment"]["installed"]["torch"].startswith("2.13.0")
    assert made["code"]["version"]
    assert made["seed"] == 1
