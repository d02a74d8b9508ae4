"""``POST /images/{name}/push``."""

import msgspec

from berth.api.call import Call
from berth.api.transfer import answer_transfer
from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.engine.image.push import PushOptions, push_image
from berth.registry.credentials import Credentials, complete, decode_header
from berth.server.message import Answer

_BODY_LIMIT = 64 << 10


async def handle(call: Call) -> Answer:
    """``tag`` names the one tag to push; without it all of the repository's go."""
    ref = parse_reference(call.name)
    if call.text("tag"):
        try:
            ref = parse_reference(f"{ref.repository}:{call.text('tag')}")
        except InvalidArgument:
            raise InvalidArgument("invalid tag format") from None
    options = PushOptions(ref._replace(digest=None), await _credentials(call))
    return await answer_transfer(
        call.engine, "push", lambda progress: push_image(call.engine, options, progress)
    )


async def _credentials(call: Call) -> Credentials:
    """From the header, or from the body as the oldest clients send them; one of both must be there."""
    header = call.request.headers.get("x-registry-auth", "")
    if header:
        return decode_header(header)
    data = await call.request.body.read()
    try:
        return complete(msgspec.json.decode(data, type=Credentials))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        reason = "EOF" if not data else "invalid JSON"
        raise InvalidArgument(f"Bad parameters and missing X-Registry-Auth: {reason}") from None
