"""Keys: made once, for their user alone; what they sign, OpenSSL reads."""

import os
import shutil
import subprocess

import pytest

pytest.importorskip("cryptography", reason="cryptography is not installed")

from dnne_ros.errors import InputError
from dnne_ros.security.enclaves import NEEDED, Enclave, Profile
from dnne_ros.security.keystore import Keystore

ONE = Enclave("/g/one", (Profile("/g", "a", publishes=("/g/a/out",)),))


@pytest.fixture
def store(tmp_path):
    """Return a keystore with one enclave."""
    keystore = Keystore.create(tmp_path / "keystore", 3, 30)
    keystore.add(ONE, 3, 30)
    return keystore


def modes(folder):
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777
            for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


def test_keys_are_for_their_user_alone(store):
    found = modes(store.folder)
    assert {name for name in found if name.endswith("key.pem")} == {
        "private/ca.key.pem", "enclaves/g/one/key.pem"}
    assert all(mode == 0o600 for name, mode in found.items() if name.endswith("key.pem"))
    assert (store.folder / "private").stat().st_mode & 0o777 == 0o700


def test_an_enclave_has_what_a_process_reads_and_can_be_moved(store, tmp_path):
    moved = tmp_path / "moved"
    store.folder.rename(moved)
    folder = moved / "enclaves/g/one"
    assert all((folder / name).read_bytes() for name in NEEDED)
    assert not any(os.path.isabs(os.readlink(path)) for path in moved.rglob("*")
                   if path.is_symlink())


def test_keys_stay_when_permissions_change(store):
    folder = store.folder / "enclaves/g/one"
    before = {name: (folder / name).read_bytes() for name in NEEDED}
    other = Enclave("/g/one", (Profile("/g", "a", publishes=("/g/a/other",)),))
    again = Keystore(store.folder)
    assert again.holds([other, Enclave("/g/two", ())]) == ["/g/one"]
    again.add(other, 3, 30)
    after = {name: (folder / name).read_bytes() for name in NEEDED}
    assert {name for name in NEEDED if before[name] != after[name]} == {"permissions.p7s"}
    assert b"rt/g/a/other" in after["permissions.p7s"]
    assert modes(store.folder)["enclaves/g/one/key.pem"] == 0o600


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_openssl_finds_signatures_and_certificates_good(store):
    authority = store.folder / "public/ca.cert.pem"
    folder = store.folder / "enclaves/g/one"
    for name in ("permissions", "governance"):
        shown = subprocess.run(
            ["openssl", "smime", "-verify", "-text", "-in", folder / f"{name}.p7s", "-CAfile",
             authority], check=True, capture_output=True).stdout
        xml = (folder if name == "permissions" else folder.parents[1]) / f"{name}.xml"
        assert shown.replace(b"\r\n", b"\n") == xml.read_bytes()
    subprocess.run(["openssl", "verify", "-CAfile", authority, folder / "cert.pem"], check=True,
                   capture_output=True)
    subject = subprocess.run(
        ["openssl", "x509", "-in", folder / "cert.pem", "-noout", "-subject", "-checkend",
         str(29 * 86_400)], check=True, capture_output=True, text=True).stdout
    assert "/g/one" in subject and "will not expire" in subject


def test_a_folder_that_is_no_keystore_is_refused(store, tmp_path):
    with pytest.raises(InputError, match=r"no keystore .*there is no public/identity_ca"):
        Keystore(tmp_path / "nothing")
    (store.folder / "private/ca.key.pem").write_text("no key")
    with pytest.raises(InputError, match=r"identity_ca\.key\.pem: no PEM that can be used"):
        Keystore(store.folder)
