"""``berth images``: the classic table, always. Starts fast: templates only for a format."""

from berth.base.errors import Unsupported
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FILTER, FORMAT
from berth.cli.format.rows import RAW, TABLE, column_table, lines_of
from berth.cli.image.row import ImageRow, image_rows
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] [REPOSITORY[:TAG]]",
    (
        Flag("all", "a", "bool", "Show all images (default hides intermediate images)"),
        Flag("digests", "", "bool", "Show digests"),
        FILTER,
        FORMAT,
        Flag("no-trunc", "", "bool", "Don't truncate output"),
        Flag("quiet", "q", "bool", "Only show image IDs"),
        Flag("tree", "", "bool", "List multi-platform images as a tree (EXPERIMENTAL)"),
    ),
    max_args=1,
    aliases=("image ls", "image list", "images"),
)

_COLUMNS = ("Repository", "Tag", "ID", "CreatedSince", "Size")
_DIGEST_COLUMNS = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")
_RAW_FORMAT = (
    "repository: {{ .Repository }}\ntag: {{.Tag}}\n%simage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\n"
    "virtual_size: {{.Size}}\n"
)
_VERBS = (
    "build", "history", "import", "inspect", "list", "load", "ls", "prune", "pull", "push", "rm", "save",
    "tag",
)  # fmt: skip


def run(cli: "Cli", options: "Options") -> int:
    """List images, newest first as the daemon sorts them."""
    if options.tree:
        raise Unsupported("--tree is not supported by this client")
    wanted = options.args[0] if options.args else ""
    given = [*options.filter, ("reference", wanted)] if wanted else options.filter
    found = cli.client.get("/images/json", {"all": options.all or None, "filters": filters(given)})
    text = options.format
    if not text and not options.quiet:
        text = cli.config.text("imagesFormat")
    rows = image_rows(
        found,
        trunc=not options.no_trunc,
        digests=options.digests,
        digest_shown="{{.Digest}}" in text,
    )
    cli.out.write(_render(rows, text or TABLE, quiet=options.quiet, digests=options.digests))
    if wanted in _VERBS and not found and cli.path.endswith(" images"):
        cli.note(f'\nNo images found matching "{wanted}": did you mean "{cli.program} image {wanted}"?')
    return 0


def _render(rows: "list[ImageRow]", text: str, *, quiet: bool, digests: bool) -> str:
    if text == TABLE:
        if quiet:
            return lines_of(rows, "ID")
        return column_table(rows, ImageRow, _DIGEST_COLUMNS if digests else _COLUMNS)
    if text == RAW:
        return formatted(rows, ImageRow, "image_id: {{.ID}}" if quiet else raw_format(digests=digests))
    if text.startswith(TABLE) and digests and "{{.Digest}}" not in text:
        text += "\t{{.Digest}}"
    return formatted(rows, ImageRow, text)


def raw_format(*, digests: bool) -> str:
    """The template behind ``--format raw``."""
    return _RAW_FORMAT % ("digest: {{.Digest}}\n" if digests else "")
