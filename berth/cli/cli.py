"""What every command is handed: output streams, configuration, and the client of the daemon."""

from berth.base.errors import BerthError
from berth.cli.streams import Writer

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from berth.cli.config import ConfigFile
    from berth.cli.flags import Options
    from berth.client.client import Client


class Exit(BerthError):
    """End with ``code`` and, when not empty, ``text`` on standard error, exactly as it stands."""

    def __init__(self, code: int, text: str = "", *, hint: str | None = None) -> None:
        super().__init__(text, hint=hint)
        self.code = code


class Cli:
    """One invocation.

    ``program`` is the name it was called by (``berth`` or ``docker``), ``path`` the full spelling of the
    command (``docker container ls``), ``env`` the environment as text. ``client`` and ``config`` are made
    at first use, the client by ``connect``.
    """

    def __init__(self, program: str, env: "Mapping[str, str]", globals_: "Options | None" = None) -> None:
        self.program = program
        self.path = program
        self.env = env
        self.globals = globals_
        self.stdin = 0
        self.out = Writer(1)
        self.err = Writer(2)
        self.nvidia = False
        self.connect: Callable[[Cli], Client] | None = None
        self._client: Client | None = None
        self._config: ConfigFile | None = None

    @property
    def config(self) -> "ConfigFile":
        """The client's config.json; empty when there is none."""
        if self._config is None:
            from berth.cli.config import config_dir, load_config

            self._config = load_config(config_dir(self.env, self.globals), self.note)
        return self._config

    def hasten(self, connect: "Callable[[Cli], Client | None]") -> None:
        """Connect before the verb is loaded, for verbs that start something."""
        self._client = connect(self)

    @property
    def client(self) -> "Client":
        """The client of the chosen daemon, which is started when it is the default one and does not run."""
        if self._client is None:
            assert self.connect is not None
            self._client = self.connect(self)
        return self._client

    def note(self, text: str) -> None:
        """A line on standard error, at once and behind what stands on standard output."""
        self.out.flush()
        self.err.line(text)
        self.err.flush()

    def close(self) -> None:
        """Drop the connections to the daemon."""
        if self._client is not None:
            self._client.close()

    def flush(self) -> None:
        """Write out both streams."""
        self.out.flush()
        self.err.flush()
