"""A Debian whose apt and pip find what Dockerfiles of the wild install, without any network.

A layer on top of the suite's Debian: a repository of packages below ``/srv/packages`` and a directory of
wheels below ``/srv/wheels``, both with tiny contents under well-known names, and the settings that point
there. apt, dpkg and pip are the real programs.
"""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pip

from tests.support.archive import Entry, ImageArchive, directory, pack, program
from tests.support.images import cache_directory, debian_rootfs

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = (
    PATH,
    "PIP_NO_INDEX=1",
    "PIP_FIND_LINKS=/srv/wheels",
    "PIP_BREAK_SYSTEM_PACKAGES=1",
    "PIP_DISABLE_PIP_VERSION_CHECK=1",
    "PIP_ROOT_USER_ACTION=ignore",
)
_SAYS = "#!/bin/sh\necho this is {name}\n"
_TOOLS = (
    "wget",
    "unzip",
    "curl",
    "bzip2",
    "git",
    "vim",
    "nano",
    "build-essential",
    "ca-certificates",
    "tini",
)
_WHEELS = ("tensorflow", "sklearn", "numpy", "pandas", "flask", "jupyter", "torch")


def offline_debian(*names: str, include: tuple[str, ...] = ("bash", "python3")) -> ImageArchive:
    """The image under ``names``; RuntimeError when no Debian can be made."""
    base = debian_rootfs(cache_directory(), include=include).read_bytes()
    return ImageArchive(names, (base, _world()), {"Env": list(ENVIRONMENT), "Cmd": ["bash"]})


def wheel(name: str, version: str = "1.0", files: Mapping[str, str] | None = None) -> tuple[str, bytes]:
    """File name and content of a wheel with one module (PEP 427); ``files`` instead of its usual one."""
    members = dict(files or {f"{name}/__init__.py": f'__version__ = "{version}"\n'})
    info = f"{name}-{version}.dist-info"
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    members[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{path},sha256={_record(text)},{len(text)}\n" for path, text in members.items())
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in members.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


def package(name: str, files: list[Entry], depends: str = "") -> bytes:
    """A Debian package (deb(5)) of ``files``."""
    control = _control(name, depends)
    parents = {str(parent) for file in files for parent in Path(file.path).parents} - {"."}
    files = [*(directory(f"./{parent}") for parent in sorted(parents)), *files]
    return _ar(
        {
            "debian-binary": b"2.0\n",
            "control.tar.gz": gzip.compress(pack([Entry("./control", control.encode())]), mtime=0),
            "data.tar.gz": gzip.compress(pack(files), mtime=0),
        }
    )


def _world() -> bytes:
    packages = {
        name: package(name, [program(f"./usr/bin/{name}", _SAYS.format(name=name))]) for name in _TOOLS
    }
    packages["python"] = package("python", [Entry("./usr/share/python/ready", b"")], depends="python3")
    packages["python-pip"] = package("python-pip", _pip(), depends="python")
    packages["python3-pip"] = package("python3-pip", [Entry("./usr/share/python3/ready", b"")], "python-pip")
    entries = [directory("srv/packages"), directory("srv/wheels")]
    entries += [Entry(f"srv/packages/{name}_1.0_all.deb", data) for name, data in packages.items()]
    entries.append(Entry("srv/packages/Packages", _index(packages).encode()))
    entries += [Entry(f"srv/wheels/{file}", data) for file, data in (wheel(name) for name in _WHEELS)]
    entries.append(Entry("etc/apt/sources.list", b"deb [trusted=yes] file:/srv/packages ./\n"))
    # Builds run as root in a namespace of its own; apt's own user would have to read the repository.
    entries.append(Entry("etc/apt/apt.conf.d/90tests", b'APT::Sandbox::User "root";\n'))
    return pack(entries)


def _pip() -> list[Entry]:
    """The pip that this suite runs with, as a package would install it."""
    source = Path(pip.__file__).parent
    target = "./usr/lib/python3/dist-packages/pip"
    files = [path for path in sorted(source.rglob("*.py")) if "__pycache__" not in path.parts]
    files += [path for path in sorted(source.rglob("*")) if path.suffix in (".pem", ".txt", ".typed")]
    metadata = f"Metadata-Version: 2.1\nName: pip\nVersion: {pip.__version__}\n"
    entries = [Entry(f"{target}/{path.relative_to(source)}", path.read_bytes()) for path in files]
    entries.append(Entry(f"{target}-{pip.__version__}.dist-info/METADATA", metadata.encode()))
    entries.append(Entry(f"{target}-{pip.__version__}.dist-info/INSTALLER", b"debian\n"))
    entries.append(
        program(
            "./usr/bin/pip",
            "#!/usr/bin/python3\nfrom pip._internal.cli.main import main\nraise SystemExit(main())\n",
        )
    )
    return entries


def _control(name: str, depends: str) -> str:
    lines = [f"Package: {name}", "Version: 1.0", "Architecture: all", "Maintainer: tests <tests@localhost>"]
    lines += [f"Depends: {depends}"] if depends else []
    return "\n".join([*lines, f"Description: {name} for tests", ""])


def _index(packages: Mapping[str, bytes]) -> str:
    """The file that apt reads (deb822)."""
    depends = {"python": "python3", "python-pip": "python", "python3-pip": "python-pip"}
    paragraphs = [
        f"{_control(name, depends.get(name, ''))}Filename: ./{name}_1.0_all.deb\nSize: {len(data)}\n"
        f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
        for name, data in packages.items()
    ]
    return "\n".join(paragraphs)


def _ar(members: Mapping[str, bytes]) -> bytes:
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode())
        parts.append(data + b"\n" * (len(data) % 2))
    return b"".join(parts)


def _record(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def tar_gz(files: Mapping[str, str]) -> bytes:
    """A small archive for ADD."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(text), 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()
