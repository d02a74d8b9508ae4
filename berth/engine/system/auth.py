"""``login``: try a user name and password at a registry. The client keeps them, nothing stays here."""

from berth.base.reference import DEFAULT_DOMAIN
from berth.engine.engine import Engine
from berth.registry.credentials import Credentials
from berth.registry.registries import LoggedIn

_HUB_NAMES = frozenset(("", DEFAULT_DOMAIN, "index.docker.io", "registry-1.docker.io"))


async def authenticate(engine: Engine, credentials: Credentials) -> LoggedIn:
    """Prove the credentials to their registry; RegistryError when it does not take them."""
    return await engine.registries.login(registry_of(credentials.server_address), credentials)


def registry_of(server: str) -> str:
    """The domain of a server address, which may be a whole URL (``https://index.docker.io/v1/``)."""
    host = server.strip().removeprefix("https://").removeprefix("http://").partition("/")[0]
    return DEFAULT_DOMAIN if host in _HUB_NAMES else host
