"""`korpu reproduce`: what made a bundle, stage by stage, and the same command run again."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from korpu import artifact, config, log
from korpu import bundle as bundles
from korpu import words as named
from korpu.bundle import intake
from korpu.errors import DONE, SaysNo, UsageError
from korpu.schema import Recipe
from release import record

HELP = """korpu reproduce manifest=BUNDLE/MANIFEST.json [word=value …]

Shows what a published bundle was made from: each stage with its key, the code, the values of its
recipe that are not the default ones, and the command that makes it. With run=true it writes those
values to a file, runs that command (what is done in `out` is not done again) and compares.

  manifest=PATH     a bundle's MANIFEST.json, or the bundle's folder
  run=true          run the command and compare (false)
  out=DIR           where to (outputs/reproduced)
  files=PATH,…      the files that the recipe named, which are not in a bundle; they are known by
                    their sha256

Exit 0: every model and the contract are the same, byte for byte. Exit 1: they are not.
"""
WORDS = ("manifest", "run", "out", "files")
BASE = "newsroom"  # the experiment of `korpu pipeline` without a word
FOLDER = "recipe"  # in `out`, for the experiment's file
ORDER = ("prepare", "base", "train", "evaluate", "gate")


def main(words: list[str]) -> int:
    """Run the command; returns 0. Raises ``UsageError`` for its words, ``SaysNo`` where the bundle
    is damaged or another one was made."""
    if not words or any(word in ("-h", "--help") for word in words):
        print(HELP, end="")
        return DONE if words else UsageError.exit_code
    given = named.parsed("korpu reproduce", words, WORDS)
    if "manifest" not in given:
        raise UsageError("korpu reproduce needs manifest=BUNDLE/MANIFEST.json")
    path = Path(given["manifest"])
    bundle = path.parent if path.name == bundles.MANIFEST else path
    manifest = bundles.verify(bundle, parts=("provenance.json",))
    proof = _provenance(bundle)
    values, gone = record.experiment(proof["recipe"], default())
    values = record.with_files(values, _paths(given.get("files", "")))
    out = Path(given.get("out", "outputs/reproduced"))
    command = ["korpu", "pipeline", f"--config-dir={out / FOLDER}", "experiment=reproduced", *gone]
    print(shown(manifest, proof), _yaml(values), shlex.join(command), sep="\n\n")
    if not named.truth("run", given.get("run", "false")):
        return DONE
    if missing := record.files(values):
        raise UsageError(
            f"the recipe named a file of sha256 {missing[0]}, which is not in a bundle; say where "
            "it is as files=PATH"
        )
    artifact.write_atomically(out / FOLDER / "experiment" / "reproduced.yaml", _yaml(values))
    _run(command, proof, manifest, out)
    return DONE


def default() -> Recipe:
    """The recipe of `korpu pipeline` without a word."""
    from hydra import compose, initialize_config_dir

    config.register()
    with initialize_config_dir(str(config.CONFIGS), version_base="1.3"):
        return config.recipe_of(compose("pipeline"))


def _yaml(values: Mapping[str, Any]) -> str:
    """An experiment of the recipe: `experiment=reproduced` takes it."""
    import yaml

    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None)
    head = f"# @package _global_\ndefaults: [{BASE}, _self_]\n"
    return head + (text if values else "")


def _provenance(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = intake.read_json(bundle / "provenance.json")
    if not {"recipe", "stages", "contents", "code", "environment"} <= found.keys():
        raise UsageError(f"{bundle}/provenance.json names no recipe; use the korpu that made it")
    return found


def _paths(given: str) -> dict[str, str]:
    """Paths by the sha256 of what lies there."""
    found = {}
    for path in filter(None, given.split(",")):
        try:
            found[artifact.sha256(Path(path))] = str(Path(path).absolute())
        except OSError as error:
            raise UsageError(f"files: {path} cannot be read: {error.strerror}") from error
    return found


def shown(manifest: Mapping[str, Any], proof: Mapping[str, Any]) -> str:
    """What made a bundle, for a person."""
    made, code = manifest["made_from"], proof["code"]
    now = artifact.code()
    lines = [f"{manifest['name']} {manifest['version']}, sealed {manifest['created']}, made from"]
    for stage in ORDER:
        row = made.get("corpus" if stage == "prepare" else stage)
        if row:
            lines.append(f"  {stage:<9} key {row['key'][:16]}  content {_content(proof, stage)}")
    changed = " with uncommitted changes" * bool(code["dirty"])
    lines.append(f"by korpu {code['version']}, commit {code['git']}{changed}, seed {proof['seed']}")
    if code["git"] != now["git"]:
        lines.append(f"  (this is commit {now['git']}; `git checkout {code['git']}` first)")
    lines += [f"  ({line})" for line in _other_versions(proof["environment"])]
    return "\n".join(lines)


def _content(proof: Mapping[str, Any], stage: str) -> str:
    return str(proof["contents"].get(stage, ""))[:16]


def _other_versions(then: Mapping[str, Any]) -> list[str]:
    now = artifact.environment()
    pairs = {"python": (then["python"], now["python"])}
    for name, version in then["packages"].items():
        pairs[name] = (version, now["packages"].get(name, "not installed"))
    return [f"{name} was {was}, is {here}" for name, (was, here) in pairs.items() if was != here]


def _call(words: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "korpu.cli", *words]).returncode


def _run(
    command: list[str], proof: Mapping[str, Any], manifest: Mapping[str, Any], out: Path
) -> None:
    registry = out / "registry"
    where = [f"runtime.outputs={out}", f"release.registry={registry}"]
    if code := _call([*command[1:], *where]):
        raise SaysNo(f"`{shlex.join(command)}` ended with {code}, see above")
    made = bundles.verify(registry / manifest["name"] / "versions" / manifest["version"])
    again = _provenance(registry / manifest["name"] / "versions" / manifest["version"])
    for stage in ORDER:
        if stage in proof["contents"]:
            same = proof["contents"][stage] == again["contents"].get(stage)
            log.say(f"  {stage}: {'the same' if same else 'another content'}")
    differ = [
        path
        for path in sorted({*manifest["files"], *made["files"]})
        if bundles.counts(path)
        and manifest["files"].get(path, {}).get("sha256")
        != made["files"].get(path, {}).get("sha256")
    ]
    if differ:
        raise SaysNo(
            f"{len(differ)} of {len(manifest['files'])} files are others than in the bundle, the "
            f"first is {differ[0]}; see which stage above is the first with another content"
        )
    print(f"the same bundle: content {made['content']}")
