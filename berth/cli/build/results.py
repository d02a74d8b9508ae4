"""What becomes of a built image: files with its id, its files or archives of it, a push."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.container.spec.csvline import split_record
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_STORED = ("docker", "image", "registry", "cacheonly")
_ARCHIVES = ("docker", "oci")


class Output:
    """One ``--output``; ``dest`` is empty for the engine's own store, ``-`` for standard output."""

    __slots__ = ("dest", "type")

    def __init__(self, type: str, dest: str) -> None:
        self.type = type
        self.dest = dest


def parse_outputs(options: "Options") -> list[Output]:
    """The outputs; names and pushes that they ask for are added to the options."""
    found = []
    for text in options.output:
        output, names, push = _parse(text)
        options.tag.extend(names)
        if push:
            options.__dict__["push"] = True
        found.append(output)
    if options.push and not options.tag:
        raise BerthError("tag is needed when pushing to registry")
    return found


def _parse(text: str) -> "tuple[Output, list[str], bool]":
    fields = split_record(text)
    if len(fields) == 1 and "=" not in text:
        return Output("tar" if text == "-" else "local", text), [], False
    values: dict[str, str] = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals:
            raise InvalidArgument(f"invalid value {field}")
        values[key.strip().lower()] = value
    kind = values.get("type", "")
    if not kind:
        raise InvalidArgument("type is required for output")
    if kind not in ("local", "tar", "oci", *_STORED):
        raise InvalidArgument(
            f"exporter {kind!r} could not be found: one of docker, image, local, oci, registry, tar"
        )
    dest = values.get("dest", "")
    if kind in ("local", "tar", "oci") and not dest:
        if kind == "local":
            raise InvalidArgument("dest is required for local exporter")
        dest = "-"
    names = [name for name in values.get("name", "").split(",") if name]
    return Output(kind, dest), names, kind == "registry" or values.get("push", "") == "true"


def check_outputs(cli: "Cli", outputs: "list[Output]") -> None:
    """Refuse, before anything is built, what could not be written."""
    from berth.cli.format.files import check_output

    for output in outputs:
        if output.dest == "-" and output.type == "local":
            raise BerthError("local exporter cannot write to standard output: use type=tar")
        if output.dest == "-" and cli.out.is_terminal():
            raise BerthError(
                f"dest file is required for {output.type} exporter. refusing to write to console"
            )
        if output.dest not in ("", "-") and output.type != "local":
            check_output(output.dest, f"failed to write {output.type} output")


def put_out(cli: "Cli", image: str, output: Output, tags: "list[str]") -> None:
    """Carry out one output."""
    if not output.dest:
        return
    if output.type == "local":
        from berth.cli.container.copy_files import unpack

        _make_directory(output.dest)
        unpack(_files(cli, image), output.dest, lambda name: name)
    elif output.type in _ARCHIVES:
        query = {"names": tags or [image]}
        _write(cli, output.dest, cli.client.request("GET", "/images/get", query).pieces())
    else:
        _write(cli, output.dest, _files(cli, image))


def _files(cli: "Cli", image: str) -> "Iterable[bytes]":
    """The files of the image as one tar."""
    try:
        return cli.client.request("GET", f"/berth/images/{quote_path(image)}/files").pieces()
    except ApiError as error:
        if error.status != 404:
            raise
        raise BerthError(
            "this daemon cannot give out an image's files", hint="create a container and export it"
        ) from None


def _write(cli: "Cli", dest: str, pieces: "Iterable[bytes]") -> None:
    if dest == "-":
        for piece in pieces:
            cli.out.write_bytes(piece)
        return
    from berth.cli.format.files import write_whole

    write_whole(dest, pieces)


def _make_directory(path: str) -> None:
    import os

    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise BerthError(f"mkdir {path}: {(error.strerror or '').lower()}") from None


def forget(iidfile: str) -> None:
    """Remove the id of an earlier build: a build that fails must not leave it."""
    import os

    try:
        os.remove(iidfile)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BerthError(f"removing image ID file: {(error.strerror or '').lower()}") from None


def write_files(cli: "Cli", options: "Options", image: str, record: "dict[str, Any]") -> None:
    """``--iidfile`` and ``--metadata-file``."""
    if options.iidfile:
        if not image:
            raise BerthError(f"server did not provide an image ID. Cannot write {options.iidfile}")
        _write_text(options.iidfile, image)
    if options.metadata_file:
        from json import dumps

        tags = list(record.get("tags") or options.tag)
        found = {"containerimage.config.digest": image, "containerimage.digest": _manifest(cli, image)}
        if tags:
            found["image.name"] = ",".join(tags)
        found = {name: value for name, value in found.items() if value}
        _write_text(options.metadata_file, dumps(found, indent=2) + "\n")


def _manifest(cli: "Cli", image: str) -> str:
    """The digest of the image's manifest, which registries know it by; the id where there is none."""
    said = cli.client.get(f"/images/{quote_path(image)}/json")
    return str((said.get("Descriptor") or {}).get("digest") or image)


def _write_text(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BerthError(f"open {path}: {(error.strerror or '').lower()}") from None


def push(cli: "Cli", options: "Options") -> None:
    """Push every name, as ``push`` does."""
    from berth.cli.dispatch import execute

    quiet = ["--quiet"] if options.quiet else []
    for name in dict.fromkeys(options.tag):
        execute(cli, ["push", *quiet, name])
