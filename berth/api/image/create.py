"""``POST /images/create``: pull from a registry, or import a tar."""

from berth.api.answers import stream
from berth.api.args import repo_tag
from berth.api.call import Call
from berth.api.progress import told
from berth.base.errors import Forbidden, NotFound, Unsupported
from berth.base.reference import parse_reference
from berth.engine.image.import_ import ImportRequest, import_
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """``fromImage`` names what to pull; otherwise ``fromSrc`` says where a root file system comes from."""
    if call.text("fromImage"):
        return _pull(call)
    source = call.text("fromSrc")
    if source != "-":
        raise Unsupported(
            f"importing from {source or 'nowhere'} is not supported by this engine",
            hint="fetch it yourself and pipe it in: curl URL | docker import - NAME",
        )
    wanted = ImportRequest(
        ref=repo_tag(call.text("repo"), call.text("tag")),
        changes=tuple(call.all("changes")),
        message=call.text("message") or "Imported from -",
        platform=call.text("platform") if call.version >= (1, 32) else "",
        caller=call.request.caller,
    )
    return stream(
        told(
            call.engine,
            "import",
            lambda _progress: import_(call.engine, call.request.body, wanted),
            lambda image_id: [{"status": image_id}],
        )
    )


def _pull(call: Call) -> Answer:
    name, tag = call.text("fromImage").removesuffix(":"), call.text("tag")
    ref = parse_reference(name)
    if tag:
        ref = parse_reference(f"{ref.repository}{'@' if ':' in tag else ':'}{tag}")
    if ref.familiar_name == "scratch":
        raise Forbidden("'scratch' is a reserved name")
    raise NotFound(
        f"{ref.with_default_tag().familiar} is not on this machine, and this engine cannot pull "
        "from registries",
        hint="load an archive of it (docker load), or make a base image: berth image bootstrap NAME",
    )
