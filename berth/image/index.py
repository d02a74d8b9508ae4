"""Images and names in memory, as committed: every question of a listing is answered without the disk."""

from collections.abc import Iterable

from berth.base.digest import Digest, digest_hex
from berth.base.errors import InvalidArgument, NotFound
from berth.base.ids import is_hex
from berth.base.reference import ImageRef, parse_reference
from berth.image.model import Image

_PREFIX = "sha256:"


class ImageIndex:
    """Filled from the rows when the store opens, changed after each commit."""

    def __init__(self) -> None:
        self._images: dict[Digest, Image] = {}
        self._names: dict[ImageRef, Digest] = {}
        self._steps: dict[Digest, bool] = {}
        """Images that a build made on its way, and whether they have been shown since."""

    # -- changes -------------------------------------------------------------------------------------

    def put(self, image: Image) -> None:
        """Add an image or replace its record."""
        self._images[image.id] = image

    def drop(self, image_id: Digest) -> None:
        """Forget an image and its names."""
        self._images.pop(image_id, None)
        self._steps.pop(image_id, None)
        self._drop_names(image_id)

    def _drop_names(self, image_id: Digest) -> None:
        self._names = {ref: owner for ref, owner in self._names.items() if owner != image_id}

    def set_step(self, image_id: Digest, *, shown: bool) -> None:
        """The image is a step of a build, hidden unless ``shown``; a hidden one has no names."""
        self._steps[image_id] = shown
        if not shown:
            self._drop_names(image_id)

    def forget_step(self, image_id: Digest) -> None:
        """The image is one like any other."""
        self._steps.pop(image_id, None)

    def show(self, image_id: Digest) -> None:
        """Somebody has asked for the image itself: it is not hidden any more, if it was."""
        if image_id in self._steps:
            self._steps[image_id] = True

    def set_name(self, ref: ImageRef, image_id: Digest) -> Digest | None:
        """Let ``ref`` name the image; returns what it named before, when that was another one."""
        before = self._names.get(ref)
        self._names[ref] = image_id
        self.show(image_id)
        return before if before != image_id else None

    def drop_name(self, ref: ImageRef) -> None:
        """Forget one name."""
        self._names.pop(ref, None)

    # -- questions -----------------------------------------------------------------------------------

    def find(self, image_id: Digest) -> Image | None:
        """The image, or None."""
        return self._images.get(image_id)

    def list(self) -> tuple[Image, ...]:
        """Every image, the newest creation first."""
        return tuple(sorted(self._images.values(), key=lambda i: (-i.created_ns, i.id)))

    def names(self, image_id: Digest) -> tuple[ImageRef, ...]:
        """The image's names with a tag, in alphabetical order."""
        return tuple(sorted(r for r, owner in self._names.items() if owner == image_id and r.digest is None))

    def digests(self, image_id: Digest) -> tuple[ImageRef, ...]:
        """The image's names by digest (``name@sha256:...``), known for what came from a registry."""
        return tuple(
            sorted(r for r, owner in self._names.items() if owner == image_id and r.digest is not None)
        )

    def owner_of(self, ref: ImageRef) -> Digest | None:
        """What ``ref`` names."""
        return self._names.get(ref)

    def tags_of(self, repository: str) -> tuple[ImageRef, ...]:
        """Every tag of a repository, sorted."""
        return tuple(sorted(r for r in self._names if r.repository == repository and r.digest is None))

    def is_step(self, image_id: Digest) -> bool:
        """Whether a build made the image as the result of a step, hidden or not."""
        return image_id in self._steps

    def is_hidden(self, image_id: Digest) -> bool:
        """Whether the image is only the result of a step of a build."""
        return self._steps.get(image_id) is False

    def children(self, image_id: Digest) -> tuple[Image, ...]:
        """Images made from this one on this machine."""
        return tuple(image for image in self._images.values() if image.parent == image_id)

    def descendants(self, image: Image) -> tuple[Image, ...]:
        """The image and everything that was built or committed from it on this machine (dockerd's rule)."""
        found = {image.id: image}
        todo = [image.id]
        while todo:
            for child in self.children(todo.pop()):
                if child.id not in found:
                    found[child.id] = child
                    todo.append(child.id)
        return tuple(found.values())

    def resolve(self, text: str) -> Image:
        """The image that a person means: by full id, by name, or by a unique prefix of the id.

        NotFound "No such image: TEXT"; InvalidArgument when a prefix fits several.
        """
        if text.startswith(_PREFIX) and is_hex(text[len(_PREFIX) :]):
            return self._by_prefix(text[len(_PREFIX) :], text)
        if len(text) == 64 and is_hex(text):
            return self._by_prefix(text, text)
        try:
            ref = parse_reference(text)
        except InvalidArgument as error:
            raise InvalidArgument(error.message, hint=error.hint) from None
        found = self._by_name(ref)
        if found is not None:
            return found
        if is_hex(text):
            return self._by_prefix(text, text)
        raise _missing(text, ref)

    def _by_name(self, ref: ImageRef) -> Image | None:
        if ref.digest is not None:
            # The digest decides: with a tag beside it, Docker ignores the tag.
            found = self._names.get(ref._replace(tag=None))
            if found is None and ref.digest in self._images and self._named(ref.digest, ref):
                found = ref.digest
        else:
            found = self._names.get(ref.with_default_tag())
        return self._images.get(found) if found is not None else None

    def _named(self, image_id: Digest, ref: ImageRef) -> bool:
        return any(name.repository == ref.repository for name in self.names(image_id))

    def _by_prefix(self, prefix: str, text: str) -> Image:
        exact = self._images.get(Digest(_PREFIX + prefix))
        if exact is not None:
            return exact
        found = [i for i in self._images.values() if digest_hex(i.id).startswith(prefix)]
        if len(found) > 1:
            raise InvalidArgument(
                f"image ID prefix {text} is ambiguous", hint="it fits: " + ", ".join(_shown(found))
            )
        if not found:
            raise _missing(text, None)
        return found[0]


def _shown(images: Iterable[Image]) -> list[str]:
    return sorted(digest_hex(image.id)[:12] for image in images)[:5]


def _missing(text: str, ref: ImageRef | None) -> NotFound:
    shown = ref.with_default_tag().familiar if ref is not None else text
    return NotFound(f"No such image: {shown}")
