"""The typed instructions that a Dockerfile is parsed into.

Texts are as the author wrote them: variables are not yet replaced, quotes not yet removed (``expand``
does both, once the values are known). The exceptions are what is never expanded: words of an exec form,
``HEALTHCHECK`` options, and flags that are switches.

Each instruction knows where it stands: ``line`` and ``end_line`` count from 1 and include heredoc bodies;
``original`` is the logical line as written, continuations joined and comments inside them gone, which is what
"Step 2/7 : ..." shows. An instruction that was not read from a file has line 0.
"""

from typing import NamedTuple, TypeAlias


class Heredoc(NamedTuple):
    """A ``<<NAME`` body. ``body`` ends with a newline unless empty; tabs of ``<<-`` are already gone.

    ``expand`` is False when the name was quoted. ``fd`` is the number before ``<<``, 0 without one.
    """

    name: str
    body: str
    expand: bool
    fd: int = 0


class Command(NamedTuple):
    """What runs: the words of an exec form, or in shell form one word, the text for the shell."""

    words: tuple[str, ...]
    shell: bool


class Mount(NamedTuple):
    """One ``RUN --mount``: ``type`` is ``bind`` unless said; ``options`` are the other keys in their order.

    Keys are checked and spelled canonically (``target``, ``source``, ``readonly``...); values are unexpanded,
    None for a key without ``=``.
    """

    type: str
    options: tuple[tuple[str, str | None], ...]


class From(NamedTuple):
    """``FROM [--platform=P] BASE [AS NAME]``; ``name`` is lower case, as stage names are compared."""

    base: str
    platform: str | None = None
    name: str | None = None
    line: int = 0
    end_line: int = 0
    original: str = ""


class Arg(NamedTuple):
    """``ARG NAME[=DEFAULT]...``; None is no default, which differs from an empty one."""

    pairs: tuple[tuple[str, str | None], ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class Run(NamedTuple):
    """``RUN``. With ``heredocs`` the command is shell form, its text with the ``<<NAME`` words in it."""

    command: Command
    mounts: tuple[Mount, ...] = ()
    network: str | None = None  # "default", "none" or "host"
    security: str | None = None  # "sandbox" or "insecure"
    devices: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    line: int = 0
    end_line: int = 0
    original: str = ""


class Cmd(NamedTuple):
    """``CMD``: an exec form may be empty, which clears what the base has."""

    command: Command
    line: int = 0
    end_line: int = 0
    original: str = ""


class Entrypoint(NamedTuple):
    """``ENTRYPOINT``: an exec form may be empty, which clears what the base has."""

    command: Command
    line: int = 0
    end_line: int = 0
    original: str = ""


class Copy(NamedTuple):
    """``COPY``. ``sources`` are paths only; ``heredocs`` are further files, named by their words."""

    sources: tuple[str, ...]
    destination: str
    from_: str | None = None
    chown: str | None = None
    chmod: str | None = None
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    line: int = 0
    end_line: int = 0
    original: str = ""


class Add(NamedTuple):
    """``ADD``; None for a switch that was not given."""

    sources: tuple[str, ...]
    destination: str
    chown: str | None = None
    chmod: str | None = None
    link: bool = False
    checksum: str | None = None
    keep_git_dir: bool | None = None
    unpack: bool | None = None
    excludes: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    line: int = 0
    end_line: int = 0
    original: str = ""


class Env(NamedTuple):
    """``ENV``: keys and values are expanded, all with what was set before this instruction."""

    pairs: tuple[tuple[str, str], ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class Label(NamedTuple):
    """``LABEL``: keys and values are both expanded."""

    pairs: tuple[tuple[str, str], ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class Expose(NamedTuple):
    """``EXPOSE``: each word may expand to several ports and ranges."""

    ports: tuple[str, ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class User(NamedTuple):
    """``USER user[:group]``."""

    user: str
    line: int = 0
    end_line: int = 0
    original: str = ""


class Workdir(NamedTuple):
    """``WORKDIR``: relative to the one before."""

    path: str
    line: int = 0
    end_line: int = 0
    original: str = ""


class Volume(NamedTuple):
    """``VOLUME``."""

    paths: tuple[str, ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class Shell(NamedTuple):
    """``SHELL``: the words before the text of a shell form."""

    words: tuple[str, ...]
    line: int = 0
    end_line: int = 0
    original: str = ""


class StopSignal(NamedTuple):
    """``STOPSIGNAL``: name or number, not yet looked up, since a variable may hold it."""

    signal: str
    line: int = 0
    end_line: int = 0
    original: str = ""


class HealthCheck(NamedTuple):
    """``HEALTHCHECK``. ``none`` switches off; else ``command`` is set.

    ``options`` hold what was given: ``interval``, ``timeout``, ``start_period``, ``start_interval`` in
    nanoseconds, and ``retries``.
    """

    none: bool
    options: tuple[tuple[str, int], ...] = ()
    command: Command | None = None
    line: int = 0
    end_line: int = 0
    original: str = ""


class OnBuild(NamedTuple):
    """``ONBUILD``: ``trigger`` is checked to be an allowed instruction, and is kept as text for the image."""

    trigger: str
    line: int = 0
    end_line: int = 0
    original: str = ""


class Maintainer(NamedTuple):
    """``MAINTAINER``, which Docker calls deprecated."""

    author: str
    line: int = 0
    end_line: int = 0
    original: str = ""


StageInstruction: TypeAlias = (
    Arg | Run | Cmd | Entrypoint | Copy | Add | Env | Label | Expose | User | Workdir | Volume | Shell
    | StopSignal | HealthCheck | OnBuild | Maintainer
)  # fmt: skip
Instruction: TypeAlias = From | StageInstruction


class Directives(NamedTuple):
    """The ``# name=value`` lines at the top. ``check_skip`` is None without ``skip=``."""

    syntax: str | None = None
    escape: str = "\\"
    check_skip: frozenset[str] | None = None
    check_all: bool = False
    check_error: bool = False
    check_experimental: frozenset[str] = frozenset()  # rules switched on; the name "all" for every one


class Notice(NamedTuple):
    """Something the parser accepts and does not like."""

    rule: str
    text: str
    line: int
    end_line: int


class StageSource(NamedTuple):
    """One stage: its ``FROM`` and what follows until the next."""

    from_: From
    instructions: tuple[StageInstruction, ...]


class Dockerfile(NamedTuple):
    """A parsed file. ``preamble`` are the ``ARG`` before the first ``FROM``; ``lines`` is the text."""

    directives: Directives
    preamble: tuple[Arg, ...]
    stages: tuple[StageSource, ...]
    lines: tuple[str, ...]
    warnings: tuple[Notice, ...] = ()
    comments: tuple[tuple[int, tuple[str, ...]], ...] = ()  # those right above the instruction of a line
