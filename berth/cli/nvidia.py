"""Called as ``nvidia-docker``: the wrapper of NVIDIA's version 2, for scripts that still use it.

``run`` and ``create`` get ``--runtime=nvidia``; the devices in NV_GPU become NVIDIA_VISIBLE_DEVICES. Every
other command passes through. Unlike the wrapper, an image that names no devices itself gets all of them:
who types ``nvidia-docker run`` asked for GPUs.
"""

from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.container.spec.body import Spec

_CHOICE = "NVIDIA_VISIBLE_DEVICES="
VERSION_LINE = "NVIDIA Docker: 2.14.0"


def rewrite(cli: "Cli", verb: str, words: list[str]) -> list[str]:
    """The words behind the verb as they are to be parsed; prints the version line for ``version``."""
    if verb == "version":
        cli.out.line(VERSION_LINE)
    if verb not in ("run", "create"):
        return words
    devices = ",".join(cli.env.get("NV_GPU", "").replace(",", " ").split())
    visible = ["-e", _CHOICE + devices] if devices else []
    return ["--runtime=nvidia", *visible, *words]


def ask_for_devices(cli: "Cli", spec: "Spec") -> None:
    """Ask for all devices when neither the command line nor the image says which.

    Without an image on this machine nothing is asked for: it will be looked at when it is there.
    """
    variables = spec.config["Env"] or []
    if spec.host.get("Runtime") != "nvidia" or any(_is_choice(text) for text in variables):
        return
    try:
        image = cli.client.get(f"/images/{quote_path(spec.config['Image'])}/json")
    except ApiError as error:
        if error.status == 404:
            return
        raise
    if not any(_is_choice(text) for text in (image.get("Config") or {}).get("Env") or ()):
        spec.config["Env"] = [*variables, f"{_CHOICE}all"]


def _is_choice(variable: str) -> bool:
    return variable.startswith(_CHOICE)
