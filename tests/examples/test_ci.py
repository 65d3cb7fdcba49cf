"""The example for a CI server: its steps run here as they stand, and a worse model stops them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_recipe
import yaml
from runs import CHECKOUT

EXAMPLE = CHECKOUT / "examples" / "ci" / "evaluate.yml"


def job() -> dict[str, Any]:
    content = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    found: dict[str, Any] = content["jobs"]["evaluate"]
    return found


def always(step: dict[str, Any]) -> bool:
    return step.get("if") == "always()"


def run(folder: Path, recipe: str, told: Path) -> dict[str, int]:
    """Step name → exit code of the ``run`` steps, as a runner would: after a failure only those
    that always run. ``Install`` is left out: what it installs is what runs this test.
    """
    bin_ = str(Path(sys.executable).parent)
    env = {
        **os.environ, **job()["env"], "RECIPE": recipe, "GITHUB_STEP_SUMMARY": str(told),
        "PATH": bin_ + os.pathsep + os.environ["PATH"],
    }  # fmt: skip
    codes: dict[str, int] = {}
    for step in job()["steps"]:
        if "run" not in step or step["name"] == "Install":
            continue
        if any(codes.values()) and not always(step):
            continue
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        log = folder / f"{step['name']}.log"
        with log.open("w") as stream:
            done = subprocess.run(
                shell, cwd=CHECKOUT, env=env, stdout=stream, stderr=stream, timeout=300
            )
        codes[step["name"]] = done.returncode
    return codes


def test_it_is_a_workflow() -> None:
    content = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    assert "pull_request" in content[True]  # YAML reads the key `on` as true
    steps = job()["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", s["uses"]) for s in steps if "uses" in s)
    names = [step.get("name") for step in steps]
    assert names.index("Evaluate") < names.index("Gate") < names.index("Keep the report")
    after = steps[names.index("Gate") + 1 :]
    assert after and all(always(step) for step in after)  # also where the gate says no
    (install,) = [step["run"] for step in steps if step.get("name") == "Install"]
    assert (CHECKOUT / re.findall(r"-c (\S+)", install)[0]).exists()
    experiment = job()["env"]["RECIPE"].partition("=")[2]
    assert (CHECKOUT / "configs" / "experiment" / f"{experiment}.yaml").exists()


@pytest.mark.long
def test_its_steps_pass_and_a_worse_model_stops_them(tiny_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(tiny_corpus, folder)
    told = tmp_path / "summary.md"
    recipe = " ".join(tiny_recipe.words(folder, "evaluate.bootstrap=50"))
    assert run(folder, recipe, told) == {"Model": 0, "Evaluate": 0, "Gate": 0}
    assert told.read_text("utf-8").startswith("## korpu gate: passed")

    keep, show = (step["with"] for step in job()["steps"][-2:])
    for path in keep["path"].split():
        made = list((folder / path).glob("*"))
        assert path.startswith("outputs/") and len(made) == 1
    (junit,) = folder.glob(show["report_paths"])
    assert 'failures="0"' in junit.read_text("utf-8")
    (report,) = folder.glob("outputs/evaluate/*/report.html")
    assert "<h1" in report.read_text("utf-8")

    worse = f"{recipe} gate.baseline=copy"  # the tiny model is far from what copying scores
    assert run(folder, worse, told) == {"Model": 0, "Evaluate": 0, "Gate": 1}
    assert "REGRESSED" in told.read_text("utf-8")
    failed = [path for path in folder.glob(show["report_paths"]) if path != junit]
    assert len(failed) == 1 and "<failure" in failed[0].read_text("utf-8")
