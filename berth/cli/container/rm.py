"""``berth rm``."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import finish, outcomes
from berth.cli.flags import Flag
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (
        Flag("force", "f", "bool", "Force the removal of a running container (uses SIGKILL)"),
        Flag("link", "l", "bool", "Remove the specified link"),
        Flag("volumes", "v", "bool", "Remove anonymous volumes associated with the container"),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container rm", "container remove", "rm"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Remove the containers; prints the names. With --force an unknown name is no failure."""
    query = {
        "force": options.force or None,
        "link": options.link or None,
        "v": options.volumes or None,
    }
    if not all(name.strip("/") for name in options.args):
        raise InvalidArgument("container name cannot be empty")
    errors: list[BerthError] = []
    for name, outcome in outcomes(cli, [name.strip("/") for name in options.args], "DELETE", "", query):
        if outcome is None:
            cli.out.line(name)
        elif options.force and isinstance(outcome, ApiError) and outcome.status == 404:
            cli.note(str(outcome))
        else:
            errors.append(outcome)
    return finish(errors)
