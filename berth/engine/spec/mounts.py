"""The long form of mounts (``HostConfig.Mounts``, the CLI's ``--mount``)."""

from msgspec import field

from berth.engine.spec.naming import Record


class BindOptions(Record, frozen=True, kw_only=True):
    """Details of ``type=bind``; ``propagation`` is one of (r)private, (r)shared, (r)slave."""

    propagation: str = ""
    non_recursive: bool = False
    create_mountpoint: bool = False
    read_only_non_recursive: bool = False
    read_only_force_recursive: bool = False


class VolumeDriver(Record, frozen=True, kw_only=True):
    """Which driver makes the volume, and what it is told."""

    name: str = ""
    options: dict[str, str] = field(default_factory=dict)


class VolumeOptions(Record, frozen=True, kw_only=True):
    """Details of ``type=volume``; ``subpath`` is a relative path inside the volume."""

    no_copy: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    subpath: str = ""
    driver_config: VolumeDriver | None = None


class ImageOptions(Record, frozen=True, kw_only=True):
    """Details of ``type=image``."""

    subpath: str = ""


class TmpfsOptions(Record, frozen=True, kw_only=True):
    """Details of ``type=tmpfs``: bytes, permission bits, and options as ``(key,)`` or ``(key, value)``."""

    size_bytes: int = 0
    mode: int = 0
    options: tuple[tuple[str, ...], ...] = ()


class Mount(Record, frozen=True, kw_only=True):
    """One mount: ``type`` is bind, volume, tmpfs, image, npipe or cluster; ``target`` is the path inside."""

    type: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = False
    consistency: str = ""
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    image_options: ImageOptions | None = None
    tmpfs_options: TmpfsOptions | None = None
