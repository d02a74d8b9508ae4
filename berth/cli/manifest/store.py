"""Lists in the making, in the client's configuration directory, in Docker's own layout.

::

    CONFIG/manifests/<list>/<manifest>      names with ``:`` as ``-`` and ``/`` as ``_``
"""

import os
import shutil

from berth.base.errors import BerthError, NotFound
from berth.cli.config import read_file
from berth.cli.format.files import write_whole
from berth.cli.manifest.record import Record, read

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName


def _file_name(name: "ImageName") -> str:
    return name.full.replace(":", "-").replace("/", "_")


def _folder(cli: "Cli", target: "ImageName") -> str:
    return f"{cli.config.directory}/manifests/{_file_name(target)}"


def get(cli: "Cli", target: "ImageName", name: "ImageName") -> Record:
    """One manifest of a list; NotFound in Docker's words."""
    path = f"{_folder(cli, target)}/{_file_name(name)}"
    data = _read(path)
    if data is None:
        raise NotFound(f"No such manifest: {name.full}")
    return read(data, path)


def get_list(cli: "Cli", target: "ImageName") -> list[Record]:
    """All manifests of a list, in the order of their names; NotFound when there is no such list."""
    folder = _folder(cli, target)
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"No such manifest: {target.full}") from None
    except OSError as error:
        raise _problem(folder, error) from None
    found = []
    for name in names:
        data = _read(f"{folder}/{name}")
        if data is not None:
            found.append(read(data, f"{folder}/{name}"))
    return found


def save(cli: "Cli", target: "ImageName", name: "ImageName", record: Record) -> None:
    """Keep a manifest in a list."""
    folder = _folder(cli, target)
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
    except OSError as error:
        raise _problem(folder, error) from None
    write_whole(f"{folder}/{_file_name(name)}", [record.text().encode()])


def remove(cli: "Cli", target: "ImageName") -> None:
    """Forget a list."""
    folder = _folder(cli, target)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _problem(folder, error) from None


def _read(path: str) -> bytes | None:
    try:
        return read_file(path)
    except OSError as error:
        raise _problem(path, error) from None


def _problem(path: str, error: OSError) -> BerthError:
    return BerthError(f"open {path}: {(error.strerror or str(error)).lower()}")
