"""The stage `release`: prove what may be published, make the bundle, prove it equal, publish it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from korpu import artifact, bundle, log
from korpu.artifact import Artifact, File, Result
from korpu.errors import SaysNo
from korpu.schema import Recipe
from release import (
    belonging,
    card,
    contract,
    evidence,
    export,
    licence,
    merge,
    origin,
    parity,
    registries,
    sbom,
    signature,
)


def run(recipe: Recipe, inputs: Mapping[str, Artifact], out: Path) -> Result:
    """Files: bundle.json (where it is published), parity.json. The bundle goes to the registry.

    Refused (nothing is published) where parity fails. Raises ``SaysNo`` where report and gate do
    not belong to this model, the gate did not pass, a benchmark was not kept out of the corpus, the
    licence is looser than what the base or the data demand, or the version is published with
    another content; ``UsageError`` for a bad name, version, alias or key, or without CTranslate2.
    """
    release = recipe.release
    registry = registries.opened(release.registry)
    registries.check_names(release.name, release.version, release.alias)
    export.require(release.exports)
    for kind in release.exports:
        parity.threshold(export.format_of(kind), release)
    if release.sign_key:
        signature.require(Path(release.sign_key), "release.sign_key")
    before = registry.aliases(release.name).get(release.alias) if release.alias else None
    report = belonging.check(recipe, inputs)
    found = origin.origins(inputs["prepare"].file("train.parquet"))
    given = licence.settle(release.licence, release.licence_override, origin.demands(recipe, found))
    release = dataclasses.replace(release, licence=given["name"])
    asked, recipe = recipe, dataclasses.replace(recipe, release=release)

    made = out / "work" / "bundle"
    _clear(made, ["hf", *(export.format_of(kind) for kind in release.exports)])
    measured = _make(recipe, inputs, report, made)
    artifact.write_json(out / "parity.json", measured)
    if measured["failures"]:
        return Result(
            (File("parity.json"),),
            _stats(measured),
            refused=f"not published: {'; '.join(measured['failures'])}; see parity.json",
        )
    made_contract = contract.load(made)
    revision = origin.revision(inputs)
    text = card.card(recipe, made_contract, found, measured, revision, given)
    artifact.write_atomically(made / "README.md", text)
    artifact.write_json(made / sbom.NAME, sbom.sbom(recipe, given["name"], revision))
    kept = evidence.copy(inputs["evaluate"], inputs["prepare"], belonging.SYSTEM, made)
    if kept:
        log.say(f"  not all of the test text may be handed on: {', '.join(kept)} does not ship")
    proof = origin.provenance(asked, inputs, measured) | {"licence": given}
    artifact.write_json(made / "provenance.json", proof)
    bundle.seal(made, release.name, release.version, origin.made_from(inputs), given)
    if release.sign_key:
        signature.sign(made, Path(release.sign_key))

    done = registry.publish(made)
    if release.sign_key and not done.signed:
        raise SaysNo(
            f"{done.where} was published without a signature, and a version never changes; raise "
            "release.version"
        )
    log.say(f"  {'published' if done.new else 'already published'}: {done.where}")
    if release.alias and before != release.version:
        registry.move_alias(release.name, release.alias, release.version, before)
        log.say(f"  {release.name}@{release.alias} is now {release.version}")
    artifact.write_json(
        out / "bundle.json",
        {
            "path": done.where,
            "name": release.name,
            "version": release.version,
            "sha256": done.content,
            "alias": release.alias,
        },
    )
    # Where the registry lies is not part of what was made; its content's digest is in parity.json.
    return Result((File("bundle.json", counts=False), File("parity.json")), _stats(measured))


def _make(
    recipe: Recipe, inputs: Mapping[str, Artifact], report: Mapping[str, Any], made: Path
) -> dict[str, Any]:
    """Write the bundle's models, contract and smoke sentences; returns the parity report."""
    from eval.decoding import translate
    from eval.load import device_of
    from korpu.nllb import tokens

    device_of(recipe)  # sets torch's threads
    directions = list(
        dict.fromkeys(
            row["direction"] for row in report["scores"] if row["system"] == belonging.SYSTEM
        )
    )
    if not directions:
        raise SaysNo("the report has no score of the adapter; add it to evaluate.systems")
    model, tokenizer = merge.evaluated(recipe, inputs)

    def measure(texts: list[str], language: str) -> list[int]:
        return [len(ids) for ids in tokens.encode(tokenizer, texts, language)]

    limit = min(recipe.model.max_length, recipe.decode.max_new_tokens)
    dev = inputs["prepare"].file("dev.parquet")
    lines = parity.lines(dev, directions, recipe.release.parity_lines, measure, limit)

    def here(with_model: Any) -> list[list[str]]:
        return parity.here(
            lambda texts, way: translate(
                with_model, tokenizer, texts, way, recipe.decode, recipe.model.max_length
            ),
            lines,
        )

    log.say(f"  translating {len(lines)} dev sentences with the adapter and merged")
    adapter = here(model)
    merged = merge.merge(model)
    in_process = {"device": "cpu", "compute_type": "float32", "versions": {}}
    found: dict[str, dict[str, Any]] = {"merged": {**in_process, "pieces": here(merged)}}
    _once(made / "hf", lambda path: merge.save(merged, tokenizer, path, recipe.decode))
    if (trained := inputs["train"].directory / "adapter").is_dir():
        _once(made / "adapter", lambda path: _copy(trained, path))
    formats = [export.format_of(kind) for kind in recipe.release.exports]
    for kind, form in zip(recipe.release.exports, formats, strict=True):
        _once(made / form, lambda path, kind=kind: export.convert(made / "hf", path, kind))  # type: ignore[misc]
    artifact.write_json(
        made / contract.NAME, contract.contract(recipe, tokenizer, report, directions)
    )
    threads = recipe.runtime.threads or _threads()
    for family in (["hf"], formats):
        if family:
            log.say(f"  translating with {', '.join(family)} in a clean process")
            found |= parity.elsewhere(made.resolve(), family, lines, threads)
    measured = parity.compare(lines, adapter, found, recipe.release)
    rows = parity.smoke_rows(parity.smoke(lines, adapter), lines, adapter)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    artifact.write_atomically(made / "smoke.jsonl", text)
    shipped = [path for path in sorted(made.rglob("*")) if path.is_file()]
    measured["files"] = {
        path.relative_to(made).as_posix(): artifact.sha256(path)
        for path in shipped
        if bundle.counts(path.relative_to(made).as_posix())
    }
    return measured


def _clear(made: Path, keep: list[str]) -> None:
    """Of what a killed run left, only whole models are kept."""
    for path in made.iterdir() if made.is_dir() else ():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _copy(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to)


def _once(directory: Path, make: Callable[[Path], None]) -> None:
    """A folder that is whole or absent; a killed run's whole ones are kept."""
    if directory.exists():
        return
    half = directory.with_name(f"{directory.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    make(half)
    artifact.fsync_tree(half)
    half.rename(directory)


def _threads() -> int:
    import torch

    return int(torch.get_num_threads())


def _stats(measured: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "identical": {
            f"{row['format']} {row['direction']}": row["identical"] for row in measured["rows"]
        },
        "smoke_identical": measured["smoke_identical"],
    }
