"""Signed bundles through any registry: what is checked is the same in all of them."""

import hostile_bundle
import pytest

from korpu import bundle as bundles
from korpu import cli
from korpu.errors import SaysNo
from release import signature


def keys(folder):
    """Two pairs, as `ours` and `theirs`: .pem and .pub."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    for name in ("ours", "theirs"):
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        (folder / f"{name}.pem").write_bytes(private)
        public = key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / f"{name}.pub").write_bytes(public)
    return folder


def made(folder, version, key):
    """A sealed bundle of equal content, signed with a key or not."""
    hostile_bundle.make(folder)
    bundles.seal(folder, "small", version, {})
    if key is not None:
        signature.sign(folder, key)
    return folder


def travel(place, tmp_path, monkeypatch):
    """A signature comes with its bundle and is the first one; what was unsigned stays unsigned."""
    ours, theirs = (keys(tmp_path) / f"{name}.pem" for name in ("ours", "theirs"))
    public = tmp_path / "ours.pub"
    done = place.publish(made(tmp_path / "signed", "1.0.0", ours))
    assert (done.new, done.signed) == (True, True)
    found = place.fetch("small", "1.0.0")
    signature.check(found, public)
    bundles.verify(found)

    for name, key in (("unsigned", None), ("of-others", theirs), ("again", ours)):
        done = place.publish(made(tmp_path / name, "1.0.0", key))
        assert (done.new, done.signed) == (False, True), name
    data = (tmp_path / "signed" / "model.sig").read_bytes()
    assert (place.fetch("small", "1.0.0") / "model.sig").read_bytes() == data

    for change in (lambda file: file.unlink(), lambda file: file.write_bytes(b"{}")):
        change(found / "model.sig")  # of the copy on this machine
        signature.check(place.fetch("small", "1.0.0"), public)

    done = place.publish(made(tmp_path / "plain", "1.1.0", None))
    assert (done.new, done.signed) == (True, False)
    done = place.publish(made(tmp_path / "too-late", "1.1.0", ours))
    assert (done.new, done.signed) == (False, False)
    plain = place.fetch("small", "1.1.0")
    (plain / "model.sig").write_bytes(data)  # as if it were signed
    plain = place.fetch("small", "1.1.0")
    with pytest.raises(SaysNo, match="is not signed"):
        signature.check(plain, public)

    monkeypatch.setattr(cli, "_listen", lambda: None)  # this process keeps its signals
    monkeypatch.chdir(tmp_path)
    there = f"release.registry={place.where}"
    assert cli.run(["release", "verify=small@1.0.0", there, f"key={public}"]) == 0
    assert cli.run(["release", "verify=small@1.0.0", there, f"key={tmp_path / 'theirs.pub'}"]) == 1
    assert cli.run(["release", "verify=small@1.1.0", there, f"key={public}"]) == 1
    assert cli.run(["release", "verify=small@1.1.0", there]) == 0
    assert cli.run(["release", "verify=small@2.0.0", there]) == 2
