"""``berth build``."""

from berth.cli.build.flags import BUILD_FLAGS, EXAMPLES
from berth.cli.command import Command

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] PATH | URL | -",
    BUILD_FLAGS,
    min_args=1,
    max_args=1,
    aliases=("image build", "build", "builder build", "buildx build"),
    long=EXAMPLES,
)


def run(cli: "Cli", options: "Options") -> int:
    """Make an image from a Dockerfile and the files beside it."""
    from berth.cli.build.job import build

    return build(cli, options)
