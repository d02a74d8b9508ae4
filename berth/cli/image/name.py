"""The name of an image as an argument of pull and push: never an id."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.image import ImageName, parse_image


def parse_name(text: str) -> ImageName:
    """The name; InvalidArgument in Docker's words when it is none, with the likely cause as a hint."""
    try:
        name = parse_image(text)
    except InvalidArgument as error:
        from berth.cli.hints import bad_image

        raise InvalidArgument(str(error), hint=bad_image(text)) from None
    if name is None:
        raise InvalidArgument(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    return name
