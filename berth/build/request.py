"""What a build is asked to do, parsed and typed. Nothing here reads a context or an image."""

from typing import NamedTuple

import msgspec

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.reference import ImageRef


class Ulimit(NamedTuple):
    """A limit of setrlimit(2) for the processes of RUN."""

    name: str
    soft: int
    hard: int


class BuildLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the containers of RUN may use. Bytes and Docker's numbers; 0 or empty means no limit of its own.

    They are no part of a cache key: they change how fast a step runs, not what it makes.
    """

    memory: int = 0
    memory_swap: int = 0
    cpu_shares: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    cgroup_parent: str = ""
    shm_size: int = 0
    ulimits: tuple[Ulimit, ...] = ()


class BuildRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One build.

    ``dockerfile``: the file's bytes; ``dockerfile_name``: its path in the context, for messages and for the
    identity of the build. ``source``: what names the context ("/home/me/app", a URL), so that the next
    build of the same directory can say what has changed; empty when nobody knows. ``build_args``: None for
    a value takes nothing, as Docker's null. ``platform``: "" for this machine's. ``target``: a stage's name
    or number, "" for the last one. ``no_cache_stages``: names or numbers of stages that are not looked up
    (``--no-cache-filter``). ``cache_from``: names of images whose history may serve as cache. ``named``:
    further contexts: "context:ID", "image:REF" or a URL. ``secrets``: ids only; what they hold stays with
    the engine. ``ssh``: ids of agents. ``source_date_epoch``: seconds; times in the result are not later.
    ``rm``, ``force_rm``: whether the containers of RUN are removed after success, and after failure.
    ``ignore``: the ignore file by whose rules files are not in the context, to name the rule where one is
    missed; nothing is left out by it here.
    """

    dockerfile: bytes
    dockerfile_name: str = "Dockerfile"
    source: str = ""
    target: str = ""
    tags: tuple[ImageRef, ...] = ()
    build_args: dict[str, str | None] = {}
    labels: dict[str, str] = {}
    platform: str = ""
    no_cache: bool = False
    no_cache_stages: frozenset[str] = frozenset()
    pull: bool = False
    cache_from: tuple[str, ...] = ()
    named: dict[str, str] = {}
    network: str = ""
    extra_hosts: tuple[str, ...] = ()
    limits: BuildLimits = BuildLimits()
    security_opt: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    gpus: str = ""
    entitlements: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    ssh: frozenset[str] = frozenset()
    squash: bool = False
    source_date_epoch: int | None = None
    rm: bool = True
    force_rm: bool = False
    check: bool = False
    dry_run: bool = False
    shell_on_fail: bool = False
    caller: Caller = LOCAL_ROOT
    ignore: bytes = b""
    ignore_name: str = ".dockerignore"
