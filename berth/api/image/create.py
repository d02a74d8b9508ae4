"""``POST /images/create``: pull from a registry, or import a tar."""

from berth.api.answers import stream
from berth.api.args import repo_tag
from berth.api.call import Call
from berth.api.progress import told
from berth.api.transfer import answer_transfer
from berth.base.errors import InvalidArgument, Unsupported
from berth.base.reference import ImageRef, parse_reference
from berth.engine.image.import_ import ImportRequest, import_
from berth.engine.image.pull import PullOptions, check_name, pull_image
from berth.image.selection import parse_platform
from berth.registry.credentials import decode_header
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """``fromImage`` names what to pull; otherwise ``fromSrc`` says where a root file system comes from."""
    if call.text("fromImage"):
        return await _pull(call)
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


async def _pull(call: Call) -> Answer:
    """``tag`` may be a digest; without one every tag is meant, unless ``fromImage`` has one itself."""
    options = PullOptions(
        ref=_reference(call.text("fromImage"), call.text("tag")),
        platform=parse_platform(call.text("platform")) if call.text("platform") else None,
        credentials=decode_header(call.request.headers.get("x-registry-auth", "")),
        caller=call.request.caller,
    )
    check_name(options.ref)
    return await answer_transfer(
        call.engine, "pull", lambda progress: pull_image(call.engine, options, progress)
    )


def _reference(name: str, tag: str) -> ImageRef:
    ref = parse_reference(name.removesuffix(":"))
    if not tag:
        return ref
    if ":" in tag:
        return parse_reference(f"{ref.repository}@{tag}")
    try:
        return parse_reference(f"{ref.repository}:{tag}")
    except InvalidArgument:
        raise InvalidArgument("invalid tag format") from None
