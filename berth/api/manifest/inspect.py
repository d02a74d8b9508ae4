"""``GET /berth/manifests/{name}``."""

import base64
from typing import Any

import msgspec

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.reference import parse_reference
from berth.engine.manifest.inspect import RemoteList, RemoteManifest, inspect_manifest
from berth.registry.credentials import decode_header
from berth.registry.repository import Document
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The manifest of an image, or a list with all its manifests; their bytes as base64."""
    credentials = decode_header(call.request.headers.get("x-registry-auth", ""))
    ref = parse_reference(call.name)
    found = await inspect_manifest(call.engine, ref, credentials, insecure=call.flag("insecure"))
    if isinstance(found, RemoteList):
        children = [_image(child) for child in found.children]
        return json_answer({**_document(found.document), "Manifests": children})
    return json_answer(_image(found))


def _image(manifest: RemoteManifest) -> dict[str, Any]:
    return {**_document(manifest.document), "Platform": msgspec.to_builtins(manifest.platform)}


def _document(document: Document) -> dict[str, Any]:
    return {
        "MediaType": document.media_type,
        "Digest": document.digest,
        "Size": len(document.data),
        "Raw": base64.b64encode(document.data).decode(),
    }
