"""``POST /commit``."""

from berth.api.answers import json_answer
from berth.api.args import repo_tag
from berth.api.call import Call
from berth.engine.container.commit import CommitOptions, commit
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.decode import decode_json
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """An image of a container; the body may have a configuration that comes before the container's own."""
    data = await call.body()
    given = bool(data.strip()) and data.strip() != b"null"
    image_id = await commit(
        call.engine,
        call.text("container"),
        CommitOptions(
            ref=repo_tag(call.text("repo"), call.text("tag")),
            config=decode_json(data, ContainerConfig) if given else None,
            changes=tuple(line for text in call.all("changes") for line in text.splitlines()),
            message=call.text("comment"),
            author=call.text("author"),
            pause=call.flag("pause", default=True),
            caller=call.request.caller,
        ),
    )
    return json_answer({"Id": image_id}, 201)
