"""``PUT /berth/manifests/{name}``."""

import base64
import binascii

import msgspec

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.engine.manifest.push import Publication, push_manifest
from berth.registry.credentials import decode_header
from berth.server.message import Answer


class _Body(msgspec.Struct, rename="pascal"):
    """``raw`` comes as base64; ``source`` is a repository of the same registry, without its host."""

    media_type: str = ""
    raw: str = ""
    source: str = ""


async def handle(call: Call) -> Answer:
    """Publish a manifest under the name, which has a tag or a digest."""
    body = await call.json(_Body)
    ref = parse_reference(call.name).with_default_tag()
    credentials = decode_header(call.request.headers.get("x-registry-auth", ""))
    source = parse_reference(f"{ref.domain}/{body.source}").path if body.source else ""
    try:
        data = base64.b64decode(body.raw, validate=True)
    except (ValueError, binascii.Error):
        raise InvalidArgument("invalid manifest: Raw is not base64") from None
    publication = Publication(ref, body.media_type, data, source, call.flag("insecure"))
    return json_answer({"Digest": await push_manifest(call.engine, publication, credentials)})
