"""``berth import``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.format.files import open_input, pieces
from berth.cli.progress import show_progress

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    (
        Flag("change", "c", "list", "Apply Dockerfile instruction to the created image"),
        Flag("message", "m", "string", "Set commit message for imported image"),
        Flag("platform", "", "string", "Set platform if server is multi-platform capable"),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("image import", "import"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Make an image of one layer from an archive of a file system; prints its id."""
    source = options.args[0]
    name = options.args[1] if len(options.args) > 1 else ""
    remote = source.startswith(("http://", "https://"))
    fd = -1 if remote else cli.stdin if source == "-" else open_input(source)
    if name:
        from berth.base.reference import parse_reference

        parse_reference(name)
    query = {
        "fromSrc": source if remote else "-",
        "repo": name or None,
        "message": options.message or None,
        "platform": options.platform.lower() or None,
        "changes": options.change,
    }
    stream = None if remote else pieces(fd)
    headers = {"Content-Type": "text/plain"}
    answer = cli.client.request("POST", "/images/create", query, stream=stream, headers=headers)
    show_progress(answer.json_lines(), cli.out)
    return 0
