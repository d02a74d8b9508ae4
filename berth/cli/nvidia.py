"""Called as ``nvidia-docker``: the wrapper of NVIDIA's version 2, for scripts that still use it.

``run`` and ``create`` get ``--runtime=nvidia``; the devices in NV_GPU become NVIDIA_VISIBLE_DEVICES. Every
other command passes through. Unlike the wrapper, an image that names no devices itself gets all of them:
who types ``nvidia-docker run`` asked for GPUs.
"""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli

VERSION_LINE = "NVIDIA Docker: 2.14.0"


def rewrite(cli: "Cli", verb: str, words: list[str]) -> list[str]:
    """The words behind the verb as they are to be parsed; prints the version line for ``version``."""
    if verb == "version":
        cli.out.line(VERSION_LINE)
    if verb not in ("run", "create"):
        return words
    devices = ",".join(cli.env.get("NV_GPU", "").replace(",", " ").split())
    visible = ["-e", f"NVIDIA_VISIBLE_DEVICES={devices}"] if devices else []
    return ["--runtime=nvidia", *visible, *words]
