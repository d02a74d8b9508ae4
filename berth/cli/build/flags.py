"""The table of flags of ``build``: those of Docker's own builder, those of buildx, and a few of ours."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec import values
from berth.cli.container.spec.numbers import parse_bytes, parse_swap
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def tag_name(text: str) -> str:
    """A name for the result, in its full form for checking only; InvalidArgument in Docker's words."""
    from berth.cli.container.spec.image import parse_image

    if parse_image(text) is None:
        raise InvalidArgument("invalid reference format")
    return text


def choice(name: str, *known: str) -> "Callable[[str], str]":
    """A parser that takes one of a few words."""

    def parse(text: str) -> str:
        if text not in known:
            raise InvalidArgument(f"invalid {name} {text!r}: one of {', '.join(known)}")
        return text

    return parse


def _list(name: str, short: str, help: str, parse: "Callable[[str], Any]" = str) -> Flag:
    return Flag(name, short, "list", help, parse=parse)


_PROGRESS = (
    'Form of the progress output: "auto" (a live view on a terminal, else plain), "plain" (Docker\'s classic '
    '"Step n/m" lines), "tty", "rawjson" (BuildKit\'s status messages), "quiet"'
)

_DOCKER = (
    _list("add-host", "", 'Add a custom host-to-IP mapping ("host:ip")', values.extra_host),
    _list("build-arg", "", "Set build-time variables", values.environment),
    Flag("cache-from", "", "stringSlice", "Images to consider as cache sources"),
    Flag(
        "cgroup-parent", "", "string", 'Set the parent cgroup for the "RUN" instructions during build'
    ),
    Flag("compress", "", "bool", "Compress the build context using gzip"),
    Flag("cpu-period", "", "int", "Limit the CPU CFS (Completely Fair Scheduler) period"),
    Flag("cpu-quota", "", "int", "Limit the CPU CFS (Completely Fair Scheduler) quota"),
    Flag("cpu-shares", "c", "int", "CPU shares (relative weight)"),
    Flag("cpuset-cpus", "", "string", "CPUs in which to allow execution (0-3, 0,1)"),
    Flag("cpuset-mems", "", "string", "MEMs in which to allow execution (0-3, 0,1)"),
    Flag("disable-content-trust", "", "bool", "Skip image verification", default=True, hidden=True),
    Flag("file", "f", "string", 'Name of the Dockerfile (Default is "PATH/Dockerfile")'),
    Flag("force-rm", "", "bool", "Always remove intermediate containers"),
    Flag("iidfile", "", "string", "Write the image ID to the file"),
    Flag("isolation", "", "string", "Container isolation technology"),
    _list("label", "", "Set metadata for an image", values.label),
    Flag("memory", "m", "bytes", "Memory limit", parse=parse_bytes),
    Flag(
        "memory-swap", "", "bytes",
        "Swap limit equal to memory plus swap: -1 to enable unlimited swap", parse=parse_swap,
    ),
    Flag(
        "network", "", "string", "Set the networking mode for the RUN instructions during build",
        default="default",
    ),
    Flag("no-cache", "", "bool", "Do not use cache when building the image"),
    Flag("platform", "", "string", "Set platform if server is multi-platform capable"),
    Flag("pull", "", "bool", "Always attempt to pull a newer version of the image"),
    Flag("quiet", "q", "bool", "Suppress the build output and print image ID on success"),
    Flag("rm", "", "bool", "Remove intermediate containers after a successful build", default=True),
    Flag("security-opt", "", "stringSlice", "Security options"),
    Flag("shm-size", "", "bytes", 'Size of "/dev/shm"', parse=parse_bytes),
    Flag("squash", "", "bool", "Squash newly built layers into a single new layer"),
    _list("tag", "t", 'Name and optionally a tag in the "name:tag" format', tag_name),
    Flag("target", "", "string", "Set the target build stage to build."),
    Flag("ulimit", "", "ulimit", "Ulimit options", parse=values.ulimit, many=True, shown="[]"),
)  # fmt: skip

_BUILDX = (
    Flag(
        "allow", "", "stringArray",
        'Allow extra privileged entitlement ("network.host", "security.insecure", "device")',
    ),
    Flag("annotation", "", "stringArray", "Add annotation to the image", hidden=True),
    Flag("attest", "", "stringArray", "Attestation parameters", hidden=True),
    Flag("build-context", "", "stringArray", "Additional build contexts (e.g., name=path)"),
    Flag("builder", "", "string", "Override the configured builder instance", hidden=True),
    Flag("cache-to", "", "stringArray", "Cache export destinations (the daemon keeps its cache by itself)"),
    Flag(
        "call", "", "string", 'Method for evaluating build ("build", "check", "outline", "targets")',
        default="build",
    ),
    Flag("check", "", "bool", 'Shorthand for "--call=check"'),
    Flag("load", "", "bool", 'Shorthand for "--output=type=docker" (what every build does)'),
    Flag("metadata-file", "", "string", "Write build result metadata to a file"),
    Flag("no-cache-filter", "", "stringArray", "Do not cache specified stages"),
    Flag("output", "o", "stringArray", 'Output destination (format: "type=local,dest=path")'),
    Flag(
        "progress", "", "string", _PROGRESS, default="auto", shown='"auto"',
        parse=choice("progress", "auto", "plain", "tty", "rawjson", "quiet", "none"),
    ),
    Flag("provenance", "", "string", 'Shorthand for "--attest=type=provenance"', hidden=True),
    Flag("push", "", "bool", "Push the result under all its names"),
    Flag("sbom", "", "string", 'Shorthand for "--attest=type=sbom"', hidden=True),
    Flag(
        "secret", "", "stringArray",
        'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")',
    ),
    Flag(
        "ssh", "", "stringArray",
        'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
    ),
)  # fmt: skip

_OURS = (
    _list("device", "", "Host or CDI device for the RUN instructions"),
    Flag("dry-run", "", "bool", "Show the steps, and which would run and why; build nothing"),
    Flag("gpus", "", "string", "GPUs for the RUN instructions ('all', a number, or 'device=...')"),
    Flag("shell-on-fail", "", "bool", "Open a shell in the state of the step that failed"),
)

BUILD_FLAGS = (*_DOCKER, *_BUILDX, *_OURS)

EXAMPLES = """Build an image from a Dockerfile

PATH is the context: the directory that COPY and ADD read from. It may also be
"-" (a Dockerfile or a tar archive on standard input), or the URL of a git
repository or an archive.

Examples:
  berth build -t app .                    the directory here, named app:latest
  berth build -t app -f docker/app.df .   with another Dockerfile
  berth build --target test .             up to the stage "test"
  berth build --build-arg VERSION=2 .     with a value for ARG VERSION
  berth build --secret id=token,src=t .   for RUN --mount=type=secret,id=token
  berth build -o out .                    the result's files into ./out
  berth build --check .                   look for mistakes, build nothing
  berth build --dry-run .                 what would run, and why
  berth build --shell-on-fail .           a shell where a step failed"""
