"""Certificates of a test's own authority."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Certificate(NamedTuple):
    """A certificate and its key, as files; it is its own authority."""

    certificate: Path
    key: Path


def certify(folder: Path, name: str, *alternatives: str) -> Certificate:
    """A certificate for ``name`` (``DNS:x`` and ``IP:x`` in ``alternatives``), good for two days."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.certificate)]
    if alternatives:
        words += ["-addext", f"subjectAltName={','.join(alternatives)}"]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return made
