"""``berth context inspect``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.context import context_directory
from berth.cli.contexts import store
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.gojson import encode
from berth.cli.format.inspection import Found, inspect
from berth.cli.system.identity import context_in_force

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("[OPTIONS] [CONTEXT] [CONTEXT...]", (INSPECT_FORMAT,), max_args=UNLIMITED)


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about the contexts, or about the one in force."""
    names = options.args or [context_in_force(cli)]
    return inspect(cli, names, options.format, lambda name: find(cli, name))


def find(cli: "Cli", name: str) -> Found:
    """One context with the places where it is stored."""
    context = store.get(cli, name)
    files = list(store.tls_files(cli, name))
    meta, tls = context_directory(cli.config.directory, name)
    if name == store.DEFAULT:
        meta = tls = store.IN_MEMORY
    material = encode({"docker": files} if files else {})
    storage = f'{{"MetadataPath":{encode(meta)},"TLSPath":{encode(tls)}}}'
    described = store.ordered_json(context)[:-1]
    text = f'{described},"TLSMaterial":{material},"Storage":{storage}}}'
    return Found(text, "context.contextWithTLSListing", raw=False)
