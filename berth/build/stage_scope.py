"""What is in force at one place of a stage: its arguments, its variables, and where files come from."""

from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.build.listing import Listing
from berth.build.outline import CONTEXT, IMAGE, NAMED, PROXIES, SCRATCH, Origin, Outline, origin
from berth.build.request import BuildRequest
from berth.build.select import Selection
from berth.build.settings import State
from berth.dockerfile.instructions import Arg
from berth.image.instructions import environment
from berth.image.model import Image

Arguments = dict[str, str | None]


class Inputs(NamedTuple):
    """All that a plan is made of. ``context`` is None when there is none (a Dockerfile on its own)."""

    outline: Outline
    request: BuildRequest
    bases: Mapping[str, Image]
    context: Listing | None
    named: Mapping[str, Listing]

    def origin(self, name: str, line: int) -> Origin:
        """What ``--from=name`` means."""
        return origin(name, self.outline.stages, self.request, line)

    def tree(self, source: Origin) -> Listing | None:
        """The files of a context; None for an origin that is none."""
        if source.kind == CONTEXT:
            if self.context is None:
                raise InvalidArgument(
                    "there is no build context to copy files from",
                    hint="build with a directory, or copy from a stage or an image",
                )
            return self.context
        return self.named[source.name] if source.kind == NAMED else None

    def digest(self, source: Origin, selection: Selection) -> str:
        """What is known now of the files that ``selection`` means: those of a stage are known later."""
        tree = self.tree(source)
        if tree is not None:
            return tree.digest(selection._replace(context=source.kind == CONTEXT))
        if source.kind == IMAGE:
            return " ".join(self.bases[source.name].layers)
        return SCRATCH if source.kind == SCRATCH else ""


class Scope:
    """The arguments of a stage as they are declared, and the lookup for its instructions."""

    def __init__(self, inputs: Inputs, inherited: Arguments) -> None:
        self._given = inputs.request.build_args
        self._globals = inputs.outline.globals
        self.arguments: Arguments = dict(inherited)
        self._state: State | None = None
        self._env: Mapping[str, str] = {}

    def enter(self, state: State) -> None:
        """From now on the variables of ``state`` are in force."""
        if self._state is None or state.settings.env != self._state.settings.env:
            self._env = environment(state.settings)
        self._state = state

    def lookup(self, name: str) -> str | None:
        """The value of a variable, None when it has none."""
        value = self._env.get(name)
        return value if value is not None else self.arguments.get(name)

    def declare(self, instruction: Arg) -> None:
        """An expanded ARG: given values come before defaults, and those before the ones for FROM."""
        for name, default in instruction.pairs:
            value = self._given.get(name)
            if value is None:
                value = default if default is not None else self._globals.get(name)
            if value is not None or name not in self.arguments:
                self.arguments[name] = value

    def visible(self) -> dict[str, str]:
        """The arguments that a RUN gets and its history shows, by name."""
        return {
            name: value
            for name, value in sorted(self.arguments.items())
            if value is not None and name not in self._env
        }

    def proxies(self) -> tuple[str, ...]:
        """The predefined arguments that nobody declared, as ``NAME=value``."""
        given = self._given.items()
        return tuple(
            f"{name}={value}"
            for name, value in sorted(given, key=lambda pair: pair[0])
            if name in PROXIES and value is not None and name not in self.arguments and name not in self._env
        )
