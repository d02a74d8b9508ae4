"""``--volume``, ``--mount`` and ``--device``."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.csvline import split_record
from berth.cli.container.spec.numbers import parse_bytes
from berth.cli.flags import parse_bool

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_RECURSIVE = {
    "enabled": "", "disabled": "NonRecursive", "writable": "ReadOnlyNonRecursive",
    "readonly": "ReadOnlyForceRecursive",
}  # fmt: skip
_FAMILIES = (
    ("VolumeOptions", "volume"), ("ImageOptions", "image"),
    ("BindOptions", "bind"), ("TmpfsOptions", "tmpfs"),
)  # fmt: skip


def absolute(path: str) -> str:
    """``./x`` and ``../x`` from the working directory; anything else as it stands."""
    if not path.startswith("."):
        return path
    import os

    return os.path.abspath(path)


def split_volumes(specs: list[str]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Binds (``source:target[:mode]``) and anonymous volumes (targets) of all ``--volume`` values."""
    binds: list[str] = []
    anonymous: dict[str, dict[str, str]] = {}
    for spec in dict.fromkeys(specs):
        source, is_path = _volume_source(spec)
        if not source:
            anonymous[spec] = {}
        elif is_path:
            host, _, rest = spec.partition(":")
            binds.append(f"{absolute(host)}:{rest}")
        else:
            binds.append(spec)
    return binds, anonymous


def _volume_source(spec: str) -> tuple[str, bool]:
    """The source of a volume (empty for an anonymous one) and whether it is a path of the host."""
    if not spec:
        raise InvalidArgument("invalid empty volume spec")
    if len(spec) <= 2:
        return "", False
    sections = _sections(spec)
    for index, section in enumerate(sections):
        if not section:
            raise InvalidArgument(f"invalid spec: {spec}: empty section between colons")
        if index == 2 and len(sections) > 3:
            raise InvalidArgument(f"invalid spec: {spec}: too many colons")
    if len(sections) == 1:
        return "", False
    source = sections[0]
    windows = len(source) > 1 and (source.startswith("\\\\") or (source[0].isalpha() and source[1] == ":"))
    return source, source[0] in "./~" or windows


def _sections(spec: str) -> list[str]:
    """The parts between colons; a single letter keeps its colon (a drive of Windows)."""
    sections = [""]
    for char in spec:
        if char != ":" or (len(sections[-1]) == 1 and sections[-1].isalpha()):
            sections[-1] += char
        else:
            sections.append("")
    return sections


def parse_mount(text: str) -> "dict[str, Any]":
    """One ``--mount`` as the API takes it."""
    mount: dict[str, Any] = {"Type": "volume"}
    for field in split_record(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if equals:
            _set_mount(mount, key, value, field)
        elif key in ("readonly", "ro"):
            mount["ReadOnly"] = True
        elif key == "volume-nocopy":
            _volume(mount)["NoCopy"] = True
        elif key == "bind-nonrecursive":
            mount.setdefault("BindOptions", {})["NonRecursive"] = True
        else:
            raise InvalidArgument(f"invalid field '{field}' must be a key=value pair")
    _check_mount(mount)
    return _compact(mount)


def _compact(value: "dict[str, Any]") -> "dict[str, Any]":
    """Without what says nothing; the objects that a field brought into being stay, even when empty."""
    found = {name: _compact(item) if isinstance(item, dict) else item for name, item in value.items()}
    keep_empty = ("DriverConfig", *(name for name, _ in _FAMILIES))
    return {name: item for name, item in found.items() if item or name in keep_empty}


def _volume(mount: "dict[str, Any]") -> "dict[str, Any]":
    found: dict[str, Any] = mount.setdefault("VolumeOptions", {"Labels": {}, "DriverConfig": {}})
    return found


def _set_mount(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    if key == "type":
        mount["Type"] = value.lower()
    elif key in ("source", "src"):
        mount["Source"] = absolute(value)
    elif key in ("target", "dst", "destination"):
        mount["Target"] = value
    elif key in ("readonly", "ro"):
        mount["ReadOnly"] = _truth(key, value)
    elif key == "consistency":
        mount["Consistency"] = value.lower()
    elif key.startswith("bind-"):
        _set_bind(mount, key, value, field)
    elif key.startswith("volume-"):
        _set_volume(mount, key, value, field)
    elif key == "image-subpath":
        mount.setdefault("ImageOptions", {})["Subpath"] = value
    elif key.startswith("tmpfs-"):
        _set_tmpfs(mount, key, value, field)
    else:
        raise InvalidArgument(f"unexpected key '{key}' in '{field}'")


def _set_bind(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    if key == "bind-propagation":
        mount.setdefault("BindOptions", {})["Propagation"] = value.lower()
    elif key == "bind-nonrecursive":
        options = mount.setdefault("BindOptions", {})
        options["NonRecursive"] = _truth(key, value)
    elif key == "bind-recursive":
        if value not in _RECURSIVE:
            choices = '"enabled", "disabled", "writable", or "readonly"'
            raise InvalidArgument(f"invalid value for {key}: {value} (must be {choices})")
        if _RECURSIVE[value]:
            mount.setdefault("BindOptions", {})[_RECURSIVE[value]] = True
    else:
        raise InvalidArgument(f"unexpected key '{key}' in '{field}'")


def _set_volume(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    name, _, text = value.partition("=")
    if key == "volume-subpath":
        _volume(mount)["Subpath"] = value
    elif key == "volume-nocopy":
        _volume(mount)["NoCopy"] = _truth(key, value)
    elif key == "volume-driver":
        _volume(mount)["DriverConfig"]["Name"] = value
    elif key == "volume-label":
        if name:
            _volume(mount)["Labels"][name] = text
    elif key == "volume-opt":
        options = _volume(mount)["DriverConfig"].setdefault("Options", {})
        if name:
            options[name] = text
    else:
        raise InvalidArgument(f"unexpected key '{key}' in '{field}'")


def _set_tmpfs(mount: "dict[str, Any]", key: str, value: str, field: str) -> None:
    problem = f"invalid value for {key}: {value}"
    try:
        if key == "tmpfs-size":
            mount.setdefault("TmpfsOptions", {})["SizeBytes"] = parse_bytes(value)
        elif key == "tmpfs-mode":
            if not value.isdigit():
                raise InvalidArgument(problem)
            mount.setdefault("TmpfsOptions", {})["Mode"] = int(value, 8)
        else:
            problem = f"unexpected key '{key}' in '{field}'"
            raise InvalidArgument(problem)
    except (InvalidArgument, ValueError):
        raise InvalidArgument(problem) from None


def _truth(key: str, value: str) -> bool:
    try:
        return parse_bool(value)
    except InvalidArgument:
        raise InvalidArgument(f"invalid value for {key}: {value}") from None


def _check_mount(mount: "dict[str, Any]") -> None:
    if not mount["Type"]:
        raise InvalidArgument("type is required")
    if not mount.get("Target"):
        raise InvalidArgument("target is required")
    for name, kind in _FAMILIES:
        if name in mount and mount["Type"] != kind:
            raise InvalidArgument(f"cannot mix '{kind}-*' options with mount type '{mount['Type']}'")
    bind = mount.get("BindOptions", {})
    for name, word in (("ReadOnlyNonRecursive", "writable"), ("ReadOnlyForceRecursive", "readonly")):
        if bind.get(name) and not mount.get("ReadOnly"):
            raise InvalidArgument(
                f"option 'bind-recursive={word}' requires 'readonly' to be specified in conjunction"
            )
    if bind.get("ReadOnlyForceRecursive") and bind.get("Propagation") != "rprivate":
        raise InvalidArgument(
            "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' "
            "to be specified in conjunction"
        )


def is_cdi_name(text: str) -> bool:
    """Whether ``text`` is ``vendor/class=device`` of the Container Device Interface."""
    kind, _, device = text.partition("=")
    vendor, _, group = kind.partition("/")

    def good(word: str, extra: str) -> bool:
        plain = word[1:-1]
        for char in extra:
            plain = plain.replace(char, "")
        joined = word[:1] + plain + word[-1:]
        return bool(word) and joined.isascii() and joined.isalnum()

    letters = vendor[:1].isalpha() and group[:1].isalpha()
    return letters and good(vendor, "_-.") and good(group, "_-.") and good(device, "_-.:")


def parse_device(text: str) -> "dict[str, str]":
    """``host[:container][:rwm]`` as the API takes it."""
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise InvalidArgument(f"bad format for path: {text}")
    source, target, mode = parts[0], "", "rwm"
    if len(parts) == 3:
        target, mode = parts[1:]
        if not _is_device_mode(mode):
            raise InvalidArgument(f"bad mode specified: {mode}")
        checked = target
    elif len(parts) == 2 and _is_device_mode(parts[1]):
        mode = parts[1]
        checked = source
        source = _clean(source)
    elif len(parts) == 2:
        checked = parts[1]
        target = _clean(checked)
    else:
        checked = source
        source = _clean(source)
    if not checked.startswith("/"):
        raise InvalidArgument(f"{checked} is not an absolute path")
    return {"PathOnHost": source, "PathInContainer": target or source, "CgroupPermissions": mode}


def _is_device_mode(text: str) -> bool:
    return bool(text) and not text.strip("rwm") and len(set(text)) == len(text)


def _clean(path: str) -> str:
    import posixpath

    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned
