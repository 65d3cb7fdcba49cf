"""Signed bundles: whose they are, and that nothing of them was changed by whoever has them."""

import json
import shutil

import pytest
from hostile_bundle import make

from korpu import bundle as bundles
from korpu.errors import SaysNo, UsageError
from release import registry, signature

pytest.importorskip("model_signing", reason="needs `pip install -e '.[sign]'`")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    home = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        key = ec.generate_private_key(ec.SECP256R1())
        for suffix, password in (("pem", None), ("locked.pem", b"bir-iki")):
            kind = form.BestAvailableEncryption(password) if password else form.NoEncryption()
            text = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, kind)
            (home / f"{name}.{suffix}").write_bytes(text)
        public = key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        (home / f"{name}.pub").write_bytes(public)
    return home


@pytest.fixture
def signed(tmp_path, keys):
    folder = make(tmp_path / "b")
    signature.sign(folder, keys / "ours.pem")
    return folder


def test_a_signed_bundle_is_as_it_was_and_whose_it_was(signed, keys, tmp_path):
    signature.check(signed, keys / "ours.pub")
    bundles.verify(signed)
    published = registry.publish(signed, tmp_path / "registry")
    signature.check(published.path, keys / "ours.pub")
    with pytest.raises(SaysNo, match=r"is not what .*theirs\.pub signed"):
        signature.check(signed, keys / "theirs.pub")


def test_hashes_that_were_made_to_fit_do_not_help(signed, keys):
    """Whoever changes a file and writes its hash into the manifest passes all but the signature."""
    readme = signed / "README.md"
    readme.write_text(readme.read_text().replace("small", "SMALL"))
    manifest = json.loads((signed / "MANIFEST.json").read_text())
    manifest["files"]["README.md"]["sha256"] = bundles.sha256(readme)
    manifest["digest"] = bundles._digest(manifest)
    (signed / "MANIFEST.json").write_text(json.dumps(manifest))
    bundles.verify(signed)
    with pytest.raises(SaysNo, match=r"is not what .* signed"):
        signature.check(signed, keys / "ours.pub")


def test_every_change_of_a_signed_bundle_is_found(signed, keys, tmp_path):
    paths = [path for path in signed.rglob("*") if path.is_file()]
    for path in paths:
        whole = path.read_bytes()
        data = bytearray(whole)
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(SaysNo, match="is not what"):
            signature.check(signed, keys / "ours.pub")
        path.write_bytes(whole)
    (signed / "more.json").write_text("{}")
    with pytest.raises(SaysNo, match="is not what"):
        signature.check(signed, keys / "ours.pub")
    (signed / "more.json").unlink()
    other = make(tmp_path / "other", lambda folder: (folder / "README.md").write_text("other"))
    shutil.copy(signed / "model.sig", other / "model.sig")
    with pytest.raises(SaysNo, match="is not what"):
        signature.check(other, keys / "ours.pub")
    signature.check(signed, keys / "ours.pub")


def test_no_signature_and_keys_that_are_none(signed, keys, monkeypatch):
    with pytest.raises(UsageError, match="is no public elliptic-curve key"):
        signature.check(signed, keys / "ours.pem")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        signature.check(signed, keys / "nowhere.pub")
    (signed / "model.sig").unlink()
    with pytest.raises(SaysNo, match="is not signed"):
        signature.check(signed, keys / "ours.pub")
    with pytest.raises(UsageError, match="is no PEM file"):
        signature.sign(signed, signed / "README.md")
    with pytest.raises(UsageError, match="KORPU_SIGN_PASSWORD"):
        signature.sign(signed, keys / "ours.locked.pem")
    with pytest.raises(UsageError, match="is no private elliptic-curve key"):
        signature.sign(signed, keys / "ours.pub")
    monkeypatch.setenv(signature.PASSWORD, "bir-iki")
    signature.sign(signed, keys / "ours.locked.pem")
    signature.check(signed, keys / "ours.pub")


def test_verify_at_the_front_door(signed, keys, tmp_path, capsys, monkeypatch):
    from korpu import cli

    monkeypatch.setattr(cli, "_listen", lambda: None)  # this process keeps its signals
    monkeypatch.chdir(tmp_path)
    ours, theirs = f"key={keys / 'ours.pub'}", f"key={keys / 'theirs.pub'}"
    assert cli.run(["release", f"verify={signed}"]) == 0
    assert "9 files" in (said := capsys.readouterr().out)
    assert "signed; not checked" in said
    assert cli.run(["release", f"verify={signed}", ours]) == 0
    assert "signed by the key of" in capsys.readouterr().out
    assert cli.run(["release", f"verify={signed}", theirs]) == 1
    registry.publish(signed, tmp_path / "registry")
    assert cli.run(["release", "verify=small@1.0.0", ours]) == 0
    (signed / "model.sig").unlink()
    assert cli.run(["release", f"verify={signed}", ours]) == 1
    assert "is not signed" in capsys.readouterr().err
    assert cli.run(["release", f"verify={signed}"]) == 0
    (signed / "README.md").write_text("changed")
    assert cli.run(["release", f"verify={signed}"]) == 1
    assert cli.run(["release", f"verify={tmp_path / 'nowhere'}"]) == 2
