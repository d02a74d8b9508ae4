"""``berth wait``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path, finish
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "CONTAINER [CONTAINER...]",
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container wait", "wait"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Wait for each container in turn and print its exit code."""
    errors: list[BerthError] = []
    for name in options.args:
        try:
            answer = cli.client.post(f"{container_path(name)}/wait")
        except ApiError as error:
            errors.append(error)
            continue
        cli.out.line(str(answer["StatusCode"]))
        cli.out.flush()
    return finish(errors)
