"""``POST /auth``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.system.auth import authenticate
from berth.registry.credentials import Credentials, complete
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Whether the registry takes the credentials; an identity token when it gave one for them."""
    done = await authenticate(call.engine, complete(await call.json(Credentials)))
    return json_answer({"IdentityToken": done.identity_token, "Status": "Login Succeeded"})
