"""``berth manifest create``."""

from berth.base.errors import BerthError, NotFound
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.manifest import remote, store
from berth.cli.manifest.inspect import INSECURE
from berth.cli.manifest.names import normalise
from berth.cli.manifest.record import Record

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.image import ImageName
    from berth.cli.flags import Options

COMMAND = Command(
    "MANIFEST_LIST MANIFEST [MANIFEST...]",
    (Flag("amend", "a", "bool", "Amend an existing manifest list"), INSECURE),
    min_args=2,
    max_args=UNLIMITED,
)


def run(cli: "Cli", options: "Options") -> int:
    """Begin a list of manifests that are in a registry, or add to one with ``--amend``."""
    given, *members = options.args
    try:
        target = normalise(given)
    except BerthError as error:
        problem = f"error parsing name for manifest list {given}: {error}"
        raise BerthError(problem, hint=error.hint) from None
    try:
        store.get_list(cli, target)
    except NotFound:
        pass
    else:
        if not options.amend:
            raise BerthError("refusing to amend an existing manifest list with no --amend flag")
    for member in members:
        name = normalise(member)
        store.save(cli, target, name, _find(cli, target, name, insecure=options.insecure))
    cli.out.line(f"Created manifest list {target.full}")
    return 0


def _find(cli: "Cli", target: "ImageName", name: "ImageName", *, insecure: bool) -> Record:
    """A manifest that the list has already keeps what was written to it by ``annotate``."""
    try:
        record = store.get(cli, target, name)
        if record.raw:
            return record
    except NotFound:
        pass
    listed, records = remote.fetch(cli, name, insecure=insecure)
    if listed:
        raise BerthError(f"{name.full} is a manifest list")
    return records[0]
