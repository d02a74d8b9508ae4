"""``berth create``, and the making of a container that ``run`` shares."""

import posix

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.spec.body import Spec, build_spec
from berth.cli.container.spec.flags import SPEC_FLAGS
from berth.cli.container.spec.image import ImageName, parse_image
from berth.cli.flags import Flag
from berth.cli.terminal import size
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    (
        *SPEC_FLAGS,
        Flag(
            "pull",
            "",
            "string",
            'Pull image before creating ("always", "|missing", "never")',
            default="missing",
        ),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container create", "create"),
    interspersed=False,
)
USAGE_ERROR = 125


def run(cli: "Cli", options: "Options") -> int:
    """Create a container and print its id."""
    cli.out.line(create_container(cli, options, prepare(cli, options, "create")))
    return 0


def with_help(cli: "Cli", error: BerthError, verb: str) -> str:
    """An error as ``run`` and ``create`` show it."""
    return f"{cli.program}: {error}\n\nRun '{cli.program} {verb} --help' for more information"


def prepare(cli: "Cli", options: "Options", verb: str) -> Spec:
    """The request that the flags ask for; Exit 125 for what the client refuses itself."""
    try:
        if options.pull not in ("always", "missing", "never", ""):
            choices = '"always", "missing" or "never"'
            raise InvalidArgument(f"invalid pull option: '{options.pull}': must be one of {choices}")
        return build_spec(options, cli.env, cli.config, cli.client.endpoint.url)
    except InvalidArgument as error:
        raise Exit(USAGE_ERROR, with_help(cli, error, verb), hint=error.hint) from None


def create_container(cli: "Cli", options: "Options", spec: Spec) -> str:
    """Create the container, pulling its image where that is missing; its id. Warnings go to stderr."""
    cid_file = _CidFile(options.cidfile)
    try:
        image = _image(options.args[0])
        query = {"name": options.name or None, "platform": _platform(cli, options.platform)}
        _adapt(cli, options, spec)
        if options.pull == "always":
            _pull(cli, options, image)
        spec.host["ConsoleSize"] = list(size(cli.out.fd))
        _choose_devices(cli, spec)
        try:
            answer = cli.client.post("/containers/create", query, spec.body())
        except ApiError as error:
            if error.status != 404 or image is None or options.pull != "missing":
                raise
            if not options.quiet:
                cli.note(f"Unable to find image '{image.familiar}' locally")
            _pull(cli, options, image)
            _choose_devices(cli, spec)
            answer = cli.client.post("/containers/create", query, spec.body())
        for warning in _warnings(spec, answer):
            cli.note(f"WARNING: {warning}")
        cid_file.write(answer["Id"])
        return str(answer["Id"])
    finally:
        cid_file.close()


def _choose_devices(cli: "Cli", spec: Spec) -> None:
    if cli.nvidia:
        from berth.cli.nvidia import ask_for_devices

        ask_for_devices(cli, spec)


def _image(text: str) -> ImageName | None:
    try:
        return parse_image(text)
    except InvalidArgument as error:
        from berth.cli.hints import bad_image

        raise InvalidArgument(str(error), hint=bad_image(text)) from None


def _pull(cli: "Cli", options: "Options", image: ImageName | None) -> None:
    from berth.cli.pull import pull_image

    if image is None:
        raise InvalidArgument(f"cannot pull {options.args[0]}: an image's id is not a name")
    pull_image(cli, image, platform=options.platform, quiet=options.quiet)


def _warnings(spec: Spec, answer: "dict[str, Any]") -> list[str]:
    warnings = list(answer.get("Warnings") or [])
    local = [address for address in spec.host["Dns"] if address.startswith("127.") or address == "::1"]
    return warnings + [f"Localhost DNS ({address}) may fail in containers." for address in local[:1]]


def _adapt(cli: "Cli", options: "Options", spec: Spec) -> None:
    """Fields whose form depends on the engine's version; asks for it only when one of them is used."""
    client = cli.client
    if options.use_api_socket:
        _mount_socket(cli, spec)
    per_network = any(endpoint["MacAddress"] for endpoint in spec.networking.values())
    if per_network and not client.at_least("1.44"):
        raise _too_old(client.version, "specify mac-address per network", "1.44")
    if "KernelMemory" in spec.host and client.at_least("1.42"):
        del spec.host["KernelMemory"]
    forced = any(mount.get("BindOptions", {}).get("ReadOnlyForceRecursive") for mount in options.mount)
    if forced and not client.at_least("1.44"):
        raise BerthError("bind-recursive=readonly requires API v1.44 or later")
    if not spec.config["MacAddress"] or client.at_least("1.44"):
        del spec.config["MacAddress"]


def _too_old(version: str, what: str, needed: str) -> BerthError:
    return BerthError(
        f'"{what}" requires API version {needed}, but the Docker daemon API version is {version}'
    )


def _mount_socket(cli: "Cli", spec: Spec) -> None:
    """``--use-api-socket``: the engine's socket inside the container, where Docker's clients look for it."""
    endpoint = cli.client.endpoint
    if endpoint.kind != "unix":
        problem = f"docker endpoint {endpoint.url} incompatible"
        raise BerthError(f"flag --use-api-socket can only be used with unix sockets: {problem}")
    mount = {"Type": "bind", "Source": endpoint.path, "Target": "/var/run/docker.sock", "BindOptions": {}}
    spec.host["Mounts"] = [*spec.host.get("Mounts", []), mount]


_ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386",
}  # fmt: skip


def _platform(cli: "Cli", text: str) -> str | None:
    """``os/arch[/variant]`` in its normal form; engines before API 1.41 take none."""
    if not text or not cli.client.at_least("1.41"):
        return None
    parts = text.lower().split("/")
    wrong = next((part for part in parts if not part.replace("_", "").replace("-", "").isalnum()), None)
    if wrong is not None:
        raise InvalidArgument(
            f'error parsing specified platform: "{wrong}" is an invalid component of "{text}": '
            'platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument'
        )
    if len(parts) > 3:
        problem = f'"{text}": cannot parse platform specifier: invalid argument'
        raise InvalidArgument(f"error parsing specified platform: {problem}")
    if len(parts) == 1:
        if parts[0] in ("linux", "windows", "darwin", "freebsd"):
            return parts[0]
        parts.insert(0, "linux")
    parts[1] = _ARCHITECTURES.get(parts[1], parts[1])
    return "/".join(parts)


class _CidFile:
    """The file of ``--cidfile``: made before the container, removed again when there is none."""

    __slots__ = ("_fd", "_path", "_written")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._written = False
        if not path:
            return
        try:
            posix.stat(path)
        except OSError:
            pass
        else:
            raise BerthError(
                f"container ID file found, make sure the other container isn't running or delete {path}"
            )
        try:
            self._fd = posix.open(path, posix.O_RDWR | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o666)
        except OSError as error:
            reason = f"open {path}: {(error.strerror or '').lower()}"
            raise BerthError(f"failed to create the container ID file: {reason}") from None

    def write(self, container_id: str) -> None:
        if self._fd >= 0:
            posix.write(self._fd, container_id.encode())
            self._written = True

    def close(self) -> None:
        if self._fd < 0:
            return
        posix.close(self._fd)
        self._fd = -1
        if not self._written:
            posix.unlink(self._path)
