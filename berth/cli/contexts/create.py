"""``berth context create``."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.command import Command
from berth.cli.config import read_file
from berth.cli.container.spec.files import as_map
from berth.cli.contexts import store
from berth.cli.flags import Flag, parse_bool
from berth.cli.system.identity import context_in_force
from berth.client.endpoint import parse_host

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_LONG = """Create a context

Docker endpoint config:

NAME                DESCRIPTION
from                Copy named context's Docker endpoint configuration
host                Docker endpoint on which to connect
ca                  Trust certs signed only by this CA
cert                Path to TLS certificate file
key                 Path to TLS key file
skip-tls-verify     Skip TLS certificate validation

Example:

$ docker context create my-context --description "some description" --docker "host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file"
"""


def _pairs(text: str) -> str:
    for pair in text.split(","):
        if "=" not in pair:
            raise InvalidArgument(f"{pair} must be formatted as key=value")
    return text


COMMAND = Command(
    "[OPTIONS] CONTEXT",
    (
        Flag("description", "", "string", "Description of the context"),
        Flag(
            "docker",
            "",
            "stringToString",
            "set the docker endpoint",
            parse=_pairs,
            many=True,
            shown="[]",
        ),
        Flag("from", "", "string", "create context from a named context", dest="source"),
    ),
    min_args=1,
    max_args=1,
    long=_LONG,
)
_KEYS = ("from", "host", "ca", "cert", "key", "skip-tls-verify")


def run(cli: "Cli", options: "Options") -> int:
    """Store a new context: from its parts, or as a copy of another one."""
    name = options.args[0]
    store.check_name(name)
    if store.exists(cli, name):
        raise InvalidArgument(f'context "{name}" already exists')
    docker = as_map([pair for text in options.docker for pair in text.split(",")])
    if options.source and docker:
        raise InvalidArgument("cannot use --docker flag when --from is set")
    if docker:
        try:
            endpoint, files = _endpoint(cli, docker)
        except BerthError as error:
            raise InvalidArgument(f"unable to create docker endpoint config: {error}") from None
        context: dict[str, Any] = {"Metadata": {}, "Endpoints": {"docker": endpoint}}
    else:
        source = options.source or context_in_force(cli)
        context = store.get(cli, source)
        files = store.tls_files(cli, source)
    context = {**context, "Name": name, "Metadata": dict(context.get("Metadata") or {})}
    if options.description:
        context["Metadata"]["Description"] = options.description
    store.create(cli, context, files)
    cli.out.line(name)
    cli.note(f'Successfully created context "{name}"')
    return 0


def _endpoint(cli: "Cli", given: "dict[str, str]") -> "tuple[dict[str, Any], dict[str, bytes]]":
    """A daemon's address and TLS files from the words of ``--docker``."""
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise InvalidArgument("\n".join(f"unrecognized config key: {key}" for key in unknown))
    if "from" in given:
        return dict(store.get(cli, given["from"])["Endpoints"]["docker"]), {}
    files = {}
    for key in ("ca", "cert", "key"):
        if given.get(key):
            data = read_file(given[key])
            if data is None:
                raise BerthError(f"open {given[key]}: no such file or directory")
            if b"-----BEGIN " not in data:
                problem = f"failed to retrieve context tls info: {key}.pem seems invalid"
                raise InvalidArgument(f"invalid docker endpoint options: {problem}")
            files[f"{key}.pem"] = data
    host = given.get("host", "")
    if host and "://" not in host:
        problem = f"unable to parse docker host `{host}`"
        raise InvalidArgument(f"unable to apply docker endpoint options: {problem}")
    try:
        parse_host(host)
    except BerthError as error:
        raise InvalidArgument(f"unable to apply docker endpoint options: {error}") from None
    return {"Host": host, "SkipTLSVerify": _skip_verify(given.get("skip-tls-verify"))}, files


def _skip_verify(text: "str | None") -> bool:
    if text is None:
        return False
    try:
        return parse_bool(text)
    except BerthError:
        raise InvalidArgument(f'skip-tls-verify: parsing "{text}": invalid syntax') from None
