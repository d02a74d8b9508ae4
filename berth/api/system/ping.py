"""``GET`` and ``HEAD /_ping``: is anybody there, and what do they speak."""

from berth.api.call import Call
from berth.server.message import Answer, Response


async def handle(call: Call) -> Answer:
    """OK, with everything that a client negotiates by in the headers. Builder 1 is the classic one."""
    headers = [
        ("Builder-Version", "1"),
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
        ("Pragma", "no-cache"),
        ("Swarm", "inactive"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]
    return Response(200, headers, b"" if call.request.method == "HEAD" else b"OK")
