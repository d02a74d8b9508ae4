"""The checks of FROM: its variables, its platform, and whether the defaults alone make a name."""

from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import BerthError
from berth.base.reference import parse_reference
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import expand
from berth.dockerfile.instructions import Dockerfile, From
from berth.dockerfile.lint_names import of
from berth.dockerfile.lint_rules import Finding
from berth.dockerfile.text import did_you_mean

_SYSTEMS = ("linux", "windows", "darwin", "freebsd", "openbsd", "netbsd", "plan9", "solaris", "wasip1", "js")
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm",
                  "i386": "386"}  # fmt: skip
_PART = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def platform_variables(platform: str, build_platform: str, target: str) -> dict[str, str]:
    """The variables that every FROM sees without declaring them."""
    values = {"TARGETSTAGE": target or "default"}
    for prefix, text in (("TARGET", platform), ("BUILD", build_platform)):
        system, architecture, variant = (*text.split("/", 2), "", "")[:3]
        values |= {
            f"{prefix}PLATFORM": text, f"{prefix}OS": system, f"{prefix}ARCH": architecture,
            f"{prefix}VARIANT": variant,
        }  # fmt: skip
    return values


class Globals(NamedTuple):
    """The variables in front of the first stage."""

    values: dict[str, str]
    defaults: dict[str, str] | None  # without build arguments; None when they cannot be expanded
    declared: frozenset[str]
    platform: str
    escape: str

    @classmethod
    def of(
        cls,
        dockerfile: Dockerfile,
        build_args: Mapping[str, str | None],
        platform: str,
        build_platform: str,
        target: str,
    ) -> "Globals":
        """From the ARG lines of the preamble and the arguments of the build."""
        predefined = platform_variables(platform, build_platform, target)
        predefined |= {k: v for k, v in build_args.items() if k in predefined and v is not None}
        escape = dockerfile.directives.escape
        declared = {name for arg in dockerfile.preamble for name, _ in arg.pairs}
        values = _evaluate(dockerfile, predefined, build_args)
        return cls(
            values if values is not None else dict(predefined),
            _evaluate(dockerfile, predefined, {}),
            frozenset(declared | set(predefined)),
            platform,
            escape,
        )

    def check_platform(self, from_: From, name: str, wanted: str | None, actual: str | None) -> list[Finding]:
        """Whether the image that was found is for the platform that is built for."""
        expected = parse_platform(wanted or self.platform)
        found = parse_platform(actual or "")
        if expected is None or found is None or expected == found:
            return []
        return [of("InvalidBaseImagePlatform", from_, name, "/".join(found), "/".join(expected))]


def _evaluate(
    dockerfile: Dockerfile, start: Mapping[str, str], build_args: Mapping[str, str | None]
) -> dict[str, str] | None:
    values = dict(start)
    for arg in dockerfile.preamble:
        for name, default in arg.pairs:
            given = build_args.get(name)
            try:
                if given is not None:
                    values[name] = given
                elif default is not None:
                    values[name] = expand(default, values.get, dockerfile.directives.escape).text
            except DockerfileError:
                return None
    return values


def parse_platform(text: str) -> tuple[str, str] | None:
    """System and architecture in their usual names, None when ``text`` is no platform."""
    parts = text.lower().split("/")
    if len(parts) > 3 or not all(part and _PART.issuperset(part) for part in parts):
        return None
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return parts[0], "amd64"
        return "linux", _ARCHITECTURES.get(parts[0], parts[0])
    return parts[0], _ARCHITECTURES.get(parts[1], parts[1])


def check_base(from_: From, known: Globals) -> tuple[str, str | None, list[Finding]]:
    """The expanded base, the expanded platform, and the findings."""
    found: list[Finding] = []
    base, platform = from_.base, from_.platform
    if known.defaults is not None:
        found += _check_defaults(from_, known)
    try:
        expansion = expand(base, known.values.get, known.escape)
        base = expansion.text
        found += _undeclared(from_, expansion.missing, known)
        if platform is not None:
            expansion = expand(platform, known.values.get, known.escape)
            found += _undeclared(from_, expansion.missing, known)
            if expansion.found == {"TARGETPLATFORM"} and not expansion.missing:
                if expansion.text == known.values.get("TARGETPLATFORM"):
                    found.append(of("RedundantTargetPlatform", from_, platform))
            elif not expansion.found and not expansion.missing:
                found += _constant(from_, expansion.text)
            platform = expansion.text
    except DockerfileError:  # the build will say so
        pass
    return base, platform, found


def _check_defaults(from_: From, known: Globals) -> list[Finding]:
    try:
        name = expand(from_.base, (known.defaults or {}).get, known.escape).text
    except DockerfileError:
        return []
    try:
        parse_reference(name)
    except BerthError:
        return [of("InvalidDefaultArgInFrom", from_, from_.base)]
    return []


def _undeclared(from_: From, missing: frozenset[str], known: Globals) -> list[Finding]:
    return [
        of("UndefinedArgInFrom", from_, name, did_you_mean(name, sorted(known.declared)))
        for name in sorted(missing - known.declared)
    ]


def _constant(from_: From, text: str) -> list[Finding]:
    """A fixed platform, unless the name of the stage says that it is meant."""
    platform = parse_platform(text)
    if platform is None or any(part in (from_.name or "") for part in platform):
        return []
    return [of("FromPlatformFlagConstDisallowed", from_, text)]
