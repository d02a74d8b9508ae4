"""Build images over the API: a Dockerfile and files in, the messages of the classic stream out."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.archive import Entry, pack
from tests.support.http import Api, Reply

TIMEOUT = 120.0
Files = Mapping[str, str | bytes | Entry]
_ID = re.compile(r"\b[0-9a-f]{12}\b")
_SECTION = re.compile(r" ---> Running in [0-9a-f]{12}\n(?:Removing intermediate container [0-9a-f]{12}\n)")


class Build(NamedTuple):
    """What came back."""

    reply: Reply
    messages: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """Everything that is shown to people."""
        return "".join(message.get("stream", "") for message in self.messages)

    @property
    def shown(self) -> str:
        """The same with ids as ``ID``, and without the containers that dockerd makes for steps which run
        nothing."""
        return _ID.sub("ID", _SECTION.sub("", self.text))

    @property
    def error(self) -> str:
        """Why it failed: in the stream, or instead of one. Empty when it did not."""
        if self.reply.status != 200:
            return self.reply.message
        return str(self.messages[-1].get("error", "")) if self.messages else ""

    @property
    def image(self) -> str:
        """The id of the result."""
        ids = [message["aux"]["ID"] for message in self.messages if "aux" in message]
        assert ids and not self.error, self.messages
        return str(ids[-1])


def context(dockerfile: str | None, files: Files | None = None, name: str = "Dockerfile") -> bytes:
    """The tar of a context."""
    entries = [] if dockerfile is None else [Entry(name, dockerfile.encode())]
    for path, content in (files or {}).items():
        data = content.encode() if isinstance(content, str) else content
        entries.append(data if isinstance(data, Entry) else Entry(path, data))
    return pack(entries)


def build(
    api: Api,
    dockerfile: str | None,
    files: Files | None = None,
    /,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> Build:
    """``POST /build`` with ``rm`` as clients send it. ``query`` are its parameters."""
    name = str(query.get("dockerfile", "Dockerfile"))
    reply = api.request(
        "POST",
        "/build",
        body=context(dockerfile, files, name) if body is None else body,
        headers={"Content-Type": "application/x-tar", **(headers or {})},
        timeout=TIMEOUT,
        **{"rm": True, **query},
    )
    return Build(reply, reply.lines() if reply.status == 200 else [])
