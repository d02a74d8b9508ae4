"""What can go wrong between this client and a daemon."""

from berth.base.errors import BerthError


class ApiError(BerthError):
    """The daemon answered with a failure; ``status`` is the HTTP code, ``detail`` its own words."""

    def __init__(self, status: int, detail: str, *, hint: str | None = None) -> None:
        super().__init__(f"Error response from daemon: {detail}", hint=hint)
        self.status = status
        self.detail = detail


class ConnectionFailed(BerthError):
    """No daemon could be reached at the address."""
