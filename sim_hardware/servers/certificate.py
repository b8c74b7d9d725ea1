"""The emulated OPC UA server's certificate, made where there is none.

Owns the server's key pair. Must never overwrite a certificate that is there: a client may have pinned it.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controller.config.links import OpcUaLink
from sim_hardware.servers.opcua import APPLICATION_URI, ServerSecurity

_VALID_DAYS = 3650


class CertificateError(ValueError):
    """Certificate or key of the emulated server cannot be used."""


def server_security(link: OpcUaLink, state_dir: Path) -> ServerSecurity | None:
    """Security of a link's emulated server; None for a link without.

    The certificate is the one that the link pins as ``server_certificate``, the key is the file ``NAME-key.pem``
    beside it. Where neither exists both are made; where the link pins none, they are made below ``state_dir``.

    Raises:
        CertificateError: one of the two files is missing, or they cannot be written.
    """
    if link.security == "none":
        return None
    certificate = link.server_certificate or state_dir / f"{link.id}-server.pem"
    key = certificate.with_name(f"{certificate.stem}-key.pem")
    if certificate.exists() != key.exists():
        missing = key if certificate.exists() else certificate
        raise CertificateError(f"{missing} is missing; remove its partner to have both made anew")
    if not certificate.exists():
        try:
            make_certificate(certificate, key, APPLICATION_URI, "Emulated PLC")
        except OSError as error:
            raise CertificateError(f"{certificate} cannot be written: {error.strerror}") from error
    return ServerSecurity(certificate, key, link.certificate)


def make_certificate(certificate: Path, key: Path, uri: str, name: str) -> None:
    """Write a self-signed pair (PEM) for an OPC UA application, for bench and tests.

    Raises:
        OSError: a file cannot be written.
    """
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [
        x509.UniformResourceIdentifier(uri),
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    certificate.parent.mkdir(parents=True, exist_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
