"""``berth manifest inspect``."""

from berth.base.errors import BerthError, NotFound
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.gojson import indent_raw
from berth.cli.manifest import remote, store
from berth.cli.manifest.names import normalise
from berth.cli.manifest.record import Record, list_text

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName
    from berth.cli.flags import Options

INSECURE = Flag("insecure", "", "bool", "Allow communication with an insecure registry")
COMMAND = Command(
    "[OPTIONS] [MANIFEST_LIST] MANIFEST",
    (INSECURE, Flag("verbose", "v", "bool", "Output additional info including layers and platform")),
    min_args=1,
    max_args=2,
)


def run(cli: "Cli", options: "Options") -> int:
    """Show a manifest or a list: of this client's lists in the making, else of the registry."""
    name = normalise(options.args[-1])
    if len(options.args) == 2:
        record = store.get(cli, normalise(options.args[0]), name)
        return _show_one(cli, record, verbose=options.verbose)
    try:
        records = store.get_list(cli, name)
    except NotFound:
        listed, records = remote.fetch(cli, name, insecure=options.insecure)
        if not listed:
            return _show_one(cli, records[0], verbose=options.verbose)
    return _show_list(cli, name, records, verbose=options.verbose)


def _show_one(cli: "Cli", record: Record, *, verbose: bool) -> int:
    cli.out.line(indent_raw(record.text() if verbose else record.document(), "\t"))
    return 0


def _show_list(cli: "Cli", name: "ImageName", records: list[Record], *, verbose: bool) -> int:
    if verbose:
        cli.out.line(indent_raw(f"[{','.join(record.text() for record in records)}]", "\t"))
        return 0
    try:
        cli.out.line(list_text(name, records))
    except BerthError as error:
        raise BerthError(f"failed to assemble ManifestDescriptor: {error}") from None
    return 0
