"""How one OPC UA server is reached and proven: address, time-outs, security, login.

Owns the settings of a link and the check of its files, once, before anything connects. Must never fall back to
less security than was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

APPLICATION_URI = "urn:garage-controller:controller"
"""Application URI where there is no certificate; with one, the certificate's own URI is used."""


class OpcUaSecurity(Enum):
    """Security of the channel. NONE is for bench use: nothing is signed, passwords may go in clear."""

    NONE = "none"
    BASIC256SHA256 = "basic256sha256"


class OpcUaSettingsError(ValueError):
    """A setting or one of its files is unusable; the text says which, why, and what would be right."""


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """Settings of one link.

    ``url`` is ``opc.tcp://HOST:PORT[/PATH]``. ``timeout_ms`` bounds one exchange, ``connect_timeout_ms`` one
    attempt to connect. With BASIC256SHA256 the three files are needed, PEM or DER, RSA of 2048 to 4096 bits;
    ``server_certificate`` pins the server. ``password_file`` holds the password of ``user`` and nothing else.
    """

    name: str
    url: str
    timeout_ms: int = 300
    connect_timeout_ms: int = 4000
    security: OpcUaSecurity = OpcUaSecurity.NONE
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    user: str | None = None
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ChannelKeys:
    """Certificates and key of a secured channel."""

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    server_certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that was read from the settings' files. ``application_uri`` is the one in the certificate."""

    application_uri: str
    keys: ChannelKeys | None = None
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.application_uri!r}, secured={self.keys is not None}, user={self.user!r})"


def load_credentials(settings: OpcUaSettings) -> Credentials:
    """Check the settings and read their files.

    Raises:
        OpcUaSettingsError: the URL is none, a file is missing, unreadable or of the wrong kind, the key does not
            belong to the certificate, or the certificate names no application URI.
    """
    _check_url(settings)
    user, password = _login(settings)
    if settings.security is OpcUaSecurity.NONE:
        return Credentials(APPLICATION_URI, None, user, password)
    keys = ChannelKeys(
        _certificate(settings, "certificate", settings.certificate),
        _private_key(settings),
        _certificate(settings, "server_certificate", settings.server_certificate),
    )
    if keys.certificate.public_key() != keys.private_key.public_key():
        raise OpcUaSettingsError(
            f"link {settings.name}: private_key {settings.private_key} does not belong to certificate "
            f"{settings.certificate}; give the key with which the certificate was made"
        )
    return Credentials(_application_uri(settings, keys.certificate), keys, user, password)


def _check_url(settings: OpcUaSettings) -> None:
    try:
        parts = urlsplit(settings.url)
        valid = parts.scheme == "opc.tcp" and bool(parts.hostname) and parts.port is not None
    except ValueError:
        valid = False
    if not valid:
        raise OpcUaSettingsError(f"link {settings.name}: url {settings.url!r}; right would be opc.tcp://HOST:PORT")
    if "@" in parts.netloc:
        raise OpcUaSettingsError(f"link {settings.name}: url holds a login; give user and password_file instead")


def _login(settings: OpcUaSettings) -> tuple[str | None, str | None]:
    if (settings.user is None) != (settings.password_file is None):
        raise OpcUaSettingsError(f"link {settings.name}: give user and password_file together, or neither")
    if settings.user is None or settings.password_file is None:
        return None, None
    password = _read(settings, "password_file", settings.password_file).decode("utf-8", "strict").rstrip("\r\n")
    if not password:
        raise OpcUaSettingsError(f"link {settings.name}: password_file {settings.password_file} is empty")
    return settings.user, password


def _read(settings: OpcUaSettings, key: str, path: Path | None) -> bytes:
    if path is None:
        raise OpcUaSettingsError(f"link {settings.name}: security {settings.security.value} needs {key}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise OpcUaSettingsError(f"link {settings.name}: {key} {path} cannot be read ({error.strerror})") from error


def _certificate(settings: OpcUaSettings, key: str, path: Path | None) -> x509.Certificate:
    content = _read(settings, key, path)
    load = x509.load_pem_x509_certificate if content.startswith(b"-----") else x509.load_der_x509_certificate
    try:
        return load(content)
    except ValueError as error:
        raise OpcUaSettingsError(f"link {settings.name}: {key} {path} is no X.509 certificate, PEM or DER") from error


def _private_key(settings: OpcUaSettings) -> rsa.RSAPrivateKey:
    content = _read(settings, "private_key", settings.private_key)
    load = load_pem_private_key if content.startswith(b"-----") else load_der_private_key
    try:
        key = load(content, password=None)
    except (ValueError, TypeError) as error:
        raise OpcUaSettingsError(
            f"link {settings.name}: private_key {settings.private_key} is no private key without a pass phrase"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or not 2048 <= key.key_size <= 4096:
        raise OpcUaSettingsError(
            f"link {settings.name}: private_key {settings.private_key} must be RSA of 2048 to 4096 bits"
        )
    return key


def _application_uri(settings: OpcUaSettings, certificate: x509.Certificate) -> str:
    """The URI in the certificate: servers refuse a client that names another one."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    if not uris:
        raise OpcUaSettingsError(
            f"link {settings.name}: certificate {settings.certificate} names no application URI "
            f"(subjectAltName URI); make one with URI:{APPLICATION_URI}"
        )
    return uris[0]
