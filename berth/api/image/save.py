"""``GET /images/get`` and ``GET /images/{name}/get``."""

from typing import cast

from berth.api.answers import TAR, begun, stream
from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.engine.image.save import save
from berth.engine.spec.decode import decode_json
from berth.image.manifest import Platform
from berth.image.save import ArchiveForm
from berth.server.message import Answer

_FORMS = ("mixed", "oci", "docker")


async def handle(call: Call) -> Answer:
    """Images as one archive. ``format``, which is berth's own, asks for one of the two pure layouts."""
    names = [call.name] if "name" in call.params else call.all("names")
    if not names:
        raise InvalidArgument("no image is named: pass at least one names=IMAGE")
    form = call.text("format") or "mixed"
    if form not in _FORMS:
        raise InvalidArgument(f"invalid format {form!r}: it must be oci or docker")
    platforms = [decode_json(text.encode(), Platform) for text in call.all("platform") if text]
    archive = save(call.engine, names, platforms=platforms, form=cast(ArchiveForm, form))
    return stream(await begun(archive), TAR)
