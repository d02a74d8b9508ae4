"""Names of manifests and lists: with a tag always, unless they have a digest."""

from berth.cli.container.spec.image import ImageName
from berth.cli.image.name import parse_name


def normalise(text: str) -> ImageName:
    """The name, ``latest`` when it has neither tag nor digest. InvalidArgument in Docker's words."""
    name = parse_name(text)
    if name.tag or name.digest:
        return name
    return ImageName(name.domain, name.path, "latest", "")
