"""TLS for each registry: the system's authorities, and what ``certs.d`` adds for one host.

Below each directory of certificates, for a registry as it is written in image names::

    <host[:port]>/*.crt               further authorities
    <host[:port]>/*.cert, *.key       the client's own certificate and its key, same stem
"""

import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from berth.base.errors import Internal


def make_context(host: str, directories: Sequence[Path], *, verify: bool) -> ssl.SSLContext:
    """The context for one registry; Internal, naming the file, when a certificate cannot be read.

    Reads files: call it in a thread.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for directory in directories:
        _add_directory(context, directory / host)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _add_directory(context: ssl.SSLContext, directory: Path) -> None:
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise Internal(f"open {directory}: {(error.strerror or '').lower()}") from error
    for name in names:
        path = directory / name
        try:
            if name.endswith(".crt"):
                context.load_verify_locations(cafile=path)
            elif name.endswith(".cert"):
                _add_pair(context, path, names)
        except (ssl.SSLError, OSError) as error:
            raise Internal(f"invalid certificate {path}: {error.strerror or error}") from error


def _add_pair(context: ssl.SSLContext, certificate: Path, names: Sequence[str]) -> None:
    key = certificate.with_suffix(".key")
    if key.name not in names:
        raise Internal(
            f"missing key {key.name} for client certificate {certificate.name}. "
            "CA certificates must use the extension .crt"
        )
    context.load_cert_chain(certificate, key)


def failure_text(error: ssl.SSLError) -> str:
    """What Go says about a failed handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code, message = error.verify_code, error.verify_message
        if code in (18, 19, 20, 21, 2):
            return "x509: certificate signed by unknown authority"
        if code in (9, 10):
            return f"x509: certificate has expired or is not yet valid: {message}"
        return f"x509: {message}"
    if error.reason == "WRONG_VERSION_NUMBER" or error.reason == "RECORD_LAYER_FAILURE":
        return "http: server gave HTTP response to HTTPS client"
    return f"tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
