"""The daemon's configuration: defaults, then daemon.json, then flags; every problem is named."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth import __version__
from berth.base.errors import InvalidArgument
from berth.base.units import parse_size
from berth.daemon.options import BY_KEY, OPTIONS, Option
from berth.engine.spec.resources import Ulimit

DEFAULT_CONFIG_FILE = "/etc/berth/daemon.json"
DOCKER_CONFIG_FILE = "/etc/docker/daemon.json"


@dataclass(frozen=True, slots=True)
class Config:
    """Checked values by daemon.json key, and what to say about them at start."""

    values: dict[str, Any]
    warnings: tuple[str, ...]
    config_file: Path | None
    validate: bool

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


def parse_flags(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line. Exits like any program on --help, --version and unknown flags."""
    parser = argparse.ArgumentParser(prog="berthd", description="A container engine.", add_help=True)
    parser.add_argument("-v", "--version", action="version", version=f"berthd version {__version__}")
    parser.add_argument("--config-file", help="Daemon configuration file")
    parser.add_argument("--validate", action="store_true", help="Validate daemon configuration and exit")
    for option in OPTIONS:
        if option.flag:
            _add_flag(parser, option)
    return parser.parse_args(arguments)


def _add_flag(parser: argparse.ArgumentParser, option: Option) -> None:
    names = [f"--{option.flag}"] + ([f"-{option.short}"] if option.short else [])
    if option.kind == "bool":
        parser.add_argument(
            *names, dest=option.key, nargs="?", const=True, default=None, type=_flag_bool, help=option.help
        )
    elif option.kind in ("list", "map", "runtimes", "ulimits", "pools"):
        parser.add_argument(*names, dest=option.key, action="append", default=None, help=option.help)
    else:
        parser.add_argument(*names, dest=option.key, default=None, help=option.help)


def _flag_bool(text: str) -> bool:
    truths = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
    if text.lower() not in truths:
        raise argparse.ArgumentTypeError(f'invalid boolean value "{text}"')
    return truths[text.lower()]


def load_config(flags: argparse.Namespace) -> Config:
    """Read the file that the flags name, or the default one when it exists, and merge.

    Raises InvalidArgument naming the file and the key, or the flag, that is wrong.
    """
    path, required = _config_path(flags.config_file)
    from_file, warnings = _read_file(path, required=required)
    given = {
        option.key: _from_flag(option, getattr(flags, option.key))
        for option in OPTIONS
        if option.flag and getattr(flags, option.key) is not None
    }
    both = sorted(
        key for key in given.keys() & from_file.keys() if BY_KEY[key].kind not in ("runtimes", "list", "map")
    )
    if both:
        raise InvalidArgument(
            "the following directives are specified both as a flag and in the configuration file: "
            + ", ".join(f"{key}: (from flag: {given[key]}, from file: {from_file[key]})" for key in both)
        )
    values: dict[str, Any] = {option.key: option.default for option in OPTIONS}
    values.update(from_file)
    for key, value in given.items():
        values[key] = _merged(BY_KEY[key], from_file.get(key), value)
    return Config(values, tuple(warnings), path, bool(flags.validate))


def _config_path(flag: str | None) -> tuple[Path | None, bool]:
    if flag is not None:
        return Path(flag).absolute(), flag != DEFAULT_CONFIG_FILE
    for candidate in (DEFAULT_CONFIG_FILE, DOCKER_CONFIG_FILE):
        if Path(candidate).exists():
            return Path(candidate), False
    return Path(DEFAULT_CONFIG_FILE), False


def _read_file(path: Path | None, *, required: bool) -> tuple[dict[str, Any], list[str]]:
    if path is None:
        return {}, []
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if required:
            raise InvalidArgument(
                f"unable to configure the daemon with file {path}: no such file or directory"
            ) from None
        return {}, []
    except OSError as error:
        raise InvalidArgument(f"unable to configure the daemon with file {path}: {error.strerror}") from error
    if not raw.strip():
        return {}, []
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise InvalidArgument(f"unable to configure the daemon with file {path}: {error}") from error
    if not isinstance(document, dict):
        raise InvalidArgument(f"unable to configure the daemon with file {path}: expected a JSON object")
    return _check_document(path, document)


def _check_document(path: Path, document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in document.items():
        option = BY_KEY.get(key) or BY_KEY.get({"graph": "data-root", "host": "hosts"}.get(key, key))
        if option is None:
            unknown.append(key)
        else:
            values[option.key] = _from_json(path, option, value)
    if not unknown:
        return values, []
    return values, [
        f"{path}: the following directives don't match any configuration option: {', '.join(sorted(unknown))}"
    ]


def _from_json(path: Path, option: Option, value: Any) -> Any:
    expected: dict[str, tuple[type, ...]] = {
        "str": (str,), "bool": (bool,), "int": (int,), "size": (int, str), "list": (list,), "map": (dict,),
        "runtimes": (dict,), "ulimits": (dict,), "pools": (list,), "json": (dict, list),
    }  # fmt: skip
    wrong = not isinstance(value, expected[option.kind])
    if wrong or (option.kind == "int" and isinstance(value, bool)):
        raise InvalidArgument(
            f"unable to configure the daemon with file {path}: {option.key} has the wrong type: "
            f"expected {_KIND_WORDS.get(option.kind, option.kind)}"
        )
    if option.kind == "list":
        return tuple(str(item) for item in value)
    if option.kind == "map":
        return {str(key): str(item) for key, item in value.items()}
    if option.kind == "size":
        return parse_size(str(value))
    if option.kind == "runtimes":
        return {name: _runtime(name, entry) for name, entry in value.items()}
    if option.kind == "ulimits":
        return {name: _ulimit(name, entry) for name, entry in value.items()}
    return value


_KIND_WORDS = {
    "str": "a string", "bool": "true or false", "int": "a number", "size": "a size", "list": "a list",
    "map": "an object", "runtimes": "an object", "ulimits": "an object", "pools": "a list",
}  # fmt: skip


def _runtime(name: str, entry: Any) -> dict[str, Any]:
    """One entry of ``runtimes``; the errors are dockerd's."""
    if not isinstance(entry, dict):
        raise InvalidArgument(f"runtime {name}: expected an object with path or runtimeType")
    path, kind = entry.get("path", ""), entry.get("runtimeType", "")
    if path and kind:
        raise InvalidArgument(
            f"runtime {name}: cannot configure both path and runtimeType for the same runtime"
        )
    if not path and not kind:
        raise InvalidArgument(f"runtime {name}: either a runtimeType or a path must be configured")
    arguments = entry.get("runtimeArgs", entry.get("args")) or []
    return {"path": path, "type": kind, "args": tuple(str(item) for item in arguments)}


def _ulimit(name: str, entry: Any) -> Ulimit:
    if not isinstance(entry, dict):
        raise InvalidArgument(f"default-ulimits: {name}: expected an object with Hard and Soft")
    low = {key.lower(): item for key, item in entry.items()}
    hard = low.get("hard", low.get("soft", 0))
    return Ulimit(name=str(low.get("name", name)), hard=int(hard), soft=int(low.get("soft", hard)))


def _from_flag(option: Option, value: Any) -> Any:
    if option.kind == "int":
        try:
            return int(value)
        except ValueError:
            raise InvalidArgument(f'invalid argument "{value}" for --{option.flag}: not a number') from None
    if option.kind == "size":
        return parse_size(value)
    if option.kind == "list":
        return tuple(value)
    if option.kind in ("map", "runtimes"):
        pairs = dict(item.partition("=")[::2] for item in value)
        if option.kind == "map":
            return pairs
        return {name: {"path": path, "type": "", "args": ()} for name, path in pairs.items()}
    if option.kind == "ulimits":
        return dict(_flag_ulimit(item) for item in value)
    if option.kind == "pools":
        return [dict(part.partition("=")[::2] for part in item.split(",")) for item in value]
    return value


def _flag_ulimit(text: str) -> tuple[str, Ulimit]:
    name, _, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    try:
        return name, Ulimit(name=name, soft=int(soft), hard=int(hard or soft))
    except ValueError:
        raise InvalidArgument(f"invalid ulimit argument: {text}: expected NAME=SOFT[:HARD]") from None


def _merged(option: Option, from_file: Any, value: Any) -> Any:
    """Lists and maps of both places add up; anything else was checked to be in one place only."""
    if from_file is None:
        return value
    return {**from_file, **value} if isinstance(value, dict) else (*from_file, *value)
