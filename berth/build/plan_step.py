"""The steps of a plan, as the engine gets them: nothing in them is left to be expanded or looked up."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from berth.base.digest import Digest
from berth.build import keys
from berth.build.cache import Keys
from berth.build.outline import Origin
from berth.build.select import Selection
from berth.dockerfile.instructions import From, Mount, StageInstruction
from berth.image.config import ImageSettings

FROM, METADATA, RUN, COPY, ADD, WORKDIR = "from", "metadata", "run", "copy", "add", "workdir"


class Script(NamedTuple):
    """A file that a RUN needs at ``path`` while it runs: the heredoc that begins with ``#!``. Mode 0755."""

    path: str
    content: str


class PlannedMount(NamedTuple):
    """A mount of RUN, expanded. ``origin`` is what ``bind`` shows and ``cache`` begins with, None for
    nothing.

    ``target`` is absolute.
    """

    mount: Mount
    target: str
    origin: Origin | None = None


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a RUN runs. ``env`` are the variables of the image and the arguments in force; ``proxies`` the
    predefined ones, which are in no key and no history. ``network`` and ``security`` are "" unless the
    instruction says."""

    argv: tuple[str, ...]
    env: tuple[str, ...]
    workdir: str
    user: str
    proxies: tuple[str, ...] = ()
    mounts: tuple[PlannedMount, ...] = ()
    script: Script | None = None
    network: str = ""
    security: str = ""
    devices: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step.

    ``index``: its place in ``Plan.steps``. ``number``: n of "Step n/m", 0 for a ``trigger``. ``display``:
    what follows it there. ``instruction`` is expanded; a destination is as written, relative to
    ``workdir``. ``settings`` and ``author``: of the image after it. ``created_by``: its line of the
    history. ``origin``: where COPY and ADD read from, with ``selection`` for what; None when they read no
    files. ``urls``: what ADD downloads, first of all: only then the key is known. ``needs``: stages whose
    files it reads. ``layer``: whether it can change files. ``definition``: all that decides what it does to
    them, apart from the files before and those of ``needs``; ``shown``: all that it changes of the
    configuration. ``keys``: the state after it, as far as it can be told beforehand: a copy from another
    stage or a URL may turn out to be the same as before.
    """

    index: int
    number: int
    stage: int
    kind: str
    instruction: StageInstruction | From
    display: str
    line: int
    end_line: int
    trigger: bool
    settings: ImageSettings
    author: str
    created_by: str
    definition: str
    shown: str
    keys: Keys
    workdir: str = "/"
    layer: bool = False
    origin: Origin | None = None
    selection: Selection | None = None
    urls: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()
    run: RunPlan | None = None
    uncached: bool = False

    @property
    def key(self) -> Digest:
        """The definition key: what names the step's result before anything has run."""
        return self.keys.image

    @property
    def by_content(self) -> bool:
        """Whether what it copies is known only when it has been read: look twice (``content_keys``)."""
        return bool(self.urls or self.needs) and self.kind in (COPY, ADD)


def keys_after(step: Step, before: Keys, stages: Mapping[int, Keys], fetched: Iterable[str] = ()) -> Keys:
    """The state after a step that comes at ``before``; ``stages`` are the final states of ``needs``.

    ``fetched`` are digests of what its ``urls`` have brought (a commit of git, a sha256), in their order.
    """
    if not step.layer:
        return keys.after_metadata(before, step.shown)
    sources = [stages[index].files for index in step.needs]
    return keys.after_files(before, step.definition, [*sources, *fetched], step.shown)


def keys_with(step: Step, before: Keys, files: Digest) -> Keys:
    """The state after a step whose ``files`` were found although its image was not: another image has
    them."""
    return keys.with_files(before, files, step.shown)


def content_keys(step: Step, before: Keys, content: str) -> Keys:
    """The state after a copy by what it really copied (``CopyLayer.key``), the same whatever it came from."""
    return keys.after_content(before, content, step.shown)


def link_key(step: Step, stages: Mapping[int, Keys], fetched: Iterable[str] = ()) -> Digest:
    """For ``--link``: names the layer alone, which is the same on whatever it is put."""
    sources = [stages[index].files for index in step.needs]
    return keys.derive("link", step.definition, *sources, *fetched)
