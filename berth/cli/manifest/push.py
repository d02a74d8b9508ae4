"""``berth manifest push``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.spec.image import ImageName
from berth.cli.flags import Flag
from berth.cli.manifest import remote, store
from berth.cli.manifest.names import normalise
from berth.cli.manifest.record import DOCKER_LIST, OCI_INDEX, Record, list_text

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] MANIFEST_LIST",
    (
        Flag("insecure", "", "bool", "Allow push to an insecure registry"),
        Flag("purge", "p", "bool", "Remove the local manifest list after push"),
    ),
    min_args=1,
    max_args=1,
)


def run(cli: "Cli", options: "Options") -> int:
    """Publish a list, after the manifests that its repository does not have."""
    target = normalise(options.args[0])
    records = store.get_list(cli, target)
    if not records:
        raise BerthError(f"{target.full} not found")
    for record in records:
        if not (record.platform.get("architecture") and record.platform.get("os")):
            problem = "must have an OS and Architecture to be pushed to a registry"
            raise BerthError(f"manifest {record.ref} {problem}")
    document = list_text(target, records).encode()
    for record in records:
        _publish(cli, target, record, insecure=options.insecure)
    kind = OCI_INDEX if records[0].is_oci else DOCKER_LIST
    cli.out.line(remote.publish(cli, target, kind, document, source="", insecure=options.insecure))
    if options.purge:
        store.remove(cli, target)
    return 0


def _publish(cli: "Cli", target: ImageName, record: Record, *, insecure: bool) -> None:
    source = normalise(record.ref)
    if source.path == target.path:
        return
    name = ImageName(target.domain, target.path, "", str(record.descriptor.get("digest", "")))
    kind = str(record.descriptor.get("mediaType", ""))
    document = record.raw
    digest = remote.publish(cli, name, kind, document, source=source.path, insecure=insecure)
    cli.out.line(f"Pushed ref {name.full} with digest: {digest}")
    cli.out.flush()
