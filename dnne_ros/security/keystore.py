"""Keys and what is signed with them, laid out as `ros2 security create_keystore` does.

``public/`` and ``private/`` hold the authority, ``enclaves/`` a folder for each enclave with its
key, its certificate and its signed permissions.  A key is written once, for its user alone, and
never again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.security.enclaves import NEEDED, Enclave
from dnne_ros.security.permissions import governance_xml, permissions_xml

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

AUTHORITY = "sros2CA"
_LINKED = {name: f"public/{name}" for name in NEEDED[:2]} | {
    "governance.p7s": "enclaves/governance.p7s"}
_ROLES = ("identity_ca", "permissions_ca")
_SKEW = timedelta(days=1)
"""How far clocks may be behind ours."""


def check_cryptography() -> None:
    """Raise `InputError` where keys cannot be made."""
    try:
        import cryptography.x509  # noqa: F401  # to see that it is there
    except ImportError as error:
        raise InputError("environment", [
            f"{error}: keys want the Python package cryptography: pip install "
            "'dnne_ros[security]', or apt install python3-cryptography; without it, "
            "`ros2 security generate_artifacts` makes them of the policy"]) from None


class Keystore:
    """A folder with an authority that signs for one ROS domain."""

    def __init__(self, folder: Path):
        """Use what is in ``folder``; `InputError` if it is no keystore with its private keys."""
        self.folder = folder
        missing = [name for name in (
            *(f"public/{role}.cert.pem" for role in _ROLES),
            *(f"private/{role}.key.pem" for role in _ROLES), "enclaves/governance.p7s")
            if not (folder / name).is_file()]
        if missing:
            raise InputError(str(folder), [
                f"no keystore of `ros2 security create_keystore`: there is no {missing[0]}"])
        self._identity, self._permissions = (
            (_certificate(folder / f"public/{role}.cert.pem"),
             _key(folder / f"private/{role}.key.pem")) for role in _ROLES)

    @classmethod
    def create(cls, folder: Path, domain: int, days: int) -> Keystore:
        """Make one with a new authority, valid for so many days; OSError if that cannot be."""
        for name in ("public", "private", "enclaves"):
            (folder / name).mkdir(parents=True, mode=0o700 if name == "private" else 0o777)
        key = _new_key()
        certificate = _signed(AUTHORITY, key, None, key, days)
        _write_key(folder / "private/ca.key.pem", key)
        write_file(folder / "public/ca.cert.pem", _pem(certificate))
        for role in _ROLES:
            (folder / f"private/{role}.key.pem").symlink_to("ca.key.pem")
            (folder / f"public/{role}.cert.pem").symlink_to("ca.cert.pem")
        governance = governance_xml(domain)
        write_file(folder / "enclaves/governance.xml", governance)
        write_file(folder / "enclaves/governance.p7s", _signature(governance, certificate, key))
        return cls(folder)

    def holds(self, enclaves: Sequence[Enclave]) -> list[str]:
        """Return those of ``enclaves``, by name, that have a key here already."""
        return [enclave.path for enclave in enclaves
                if os.path.lexists(self._place(enclave) / "key.pem")]

    def add(self, enclave: Enclave, domain: int, days: int) -> None:
        """Give an enclave a key for so many days, if it has none, and sign its permissions."""
        place = self._place(enclave)
        place.mkdir(parents=True, exist_ok=True)
        for name, target in _LINKED.items():
            if not os.path.lexists(place / name):
                (place / name).symlink_to(os.path.relpath(self.folder / target, place))
        authority, authority_key = self._identity
        if not os.path.lexists(place / "key.pem"):
            key = _new_key()
            _write_key(place / "key.pem", key)
            write_file(place / "cert.pem",
                       _pem(_signed(enclave.path, key, authority, authority_key, days)))
        certificate = _certificate(place / "cert.pem")
        permissions = permissions_xml(enclave, domain, *_validity(certificate))
        write_file(place / "permissions.xml", permissions)
        write_file(place / "permissions.p7s", _signature(permissions, *self._permissions))

    def _place(self, enclave: Enclave) -> Path:
        return self.folder / "enclaves" / enclave.path.lstrip("/")


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())  # which DDS Security 1.1, 9.3.1, asks for


def _signed(name: str, key: EllipticCurvePrivateKey, authority: Certificate | None,
            authority_key: EllipticCurvePrivateKey, days: int) -> Certificate:
    """Return the certificate of a key; without an ``authority`` it is that of one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc).replace(microsecond=0)
    is_one = authority is None
    return (x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if authority is None else authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_one, path_length=1 if is_one else None),
                           critical=is_one)
            .sign(authority_key, hashes.SHA256()))


def _validity(certificate: Certificate) -> tuple[datetime, datetime]:
    """Return from when to when a certificate counts, UTC; older libraries say it otherwise."""
    begin = getattr(certificate, "not_valid_before_utc", None) or certificate.not_valid_before
    end = getattr(certificate, "not_valid_after_utc", None) or certificate.not_valid_after
    return begin, end


def _signature(text: bytes, certificate: Certificate, key: EllipticCurvePrivateKey) -> bytes:
    """Return a text with its signature, as S/MIME (DDS Security 1.1, 9.4.1)."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import pkcs7

    signed: bytes = (
        pkcs7.PKCS7SignatureBuilder().set_data(text)
        .add_signer(certificate, key, hashes.SHA256())
        .sign(serialization.Encoding.SMIME,
              [pkcs7.PKCS7Options.Text, pkcs7.PKCS7Options.DetachedSignature]))
    return signed


def _pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = certificate.public_bytes(serialization.Encoding.PEM)
    return pem


def _certificate(path: Path) -> Certificate:
    from cryptography import x509

    certificate: Certificate = _read(path, x509.load_pem_x509_certificate)
    return certificate


def _key(path: Path) -> Any:
    from cryptography.hazmat.primitives import serialization

    return _read(path, lambda data: serialization.load_pem_private_key(data, None))


def _read(path: Path, load: Any) -> Any:
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise InputError(str(path), [f"cannot read it: {error.strerror}"]) from None
    except (ValueError, TypeError) as error:  # TypeError: it wants a password
        raise InputError(str(path), [f"no PEM that can be used: {error}"]) from None


def _write_key(path: Path, key: EllipticCurvePrivateKey) -> None:
    """Write a private key that only its user can read; OSError if there is a file."""
    from cryptography.hazmat.primitives import serialization

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                         0o600)
    with open(descriptor, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
