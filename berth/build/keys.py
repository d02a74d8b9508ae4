"""The names of results: what a step depends on, as digests.

A stage goes from state to state (``Keys``). ``image`` is derived from everything that the result's image
shows, its configuration and history too; ``files`` only from what made its file system. So a changed LABEL
finds no image but the files of every later RUN, and nothing has to run again.

What never goes in: the content of secrets, the predefined proxy arguments, times, owners of files in the
context, limits of memory and processors. Every part is written with its length, so that no two lists of parts
look the same.
"""

import hashlib
from collections.abc import Iterable

from berth.base.digest import Digest
from berth.build.cache import Keys

_FORM = "1"
"""Changed when the meaning of a step changes, so that no result of an older program is taken for it."""


def derive(kind: str, *parts: str) -> Digest:
    """A digest of ``kind`` and ``parts``."""
    state = hashlib.sha256()
    for part in (_FORM, kind, *parts):
        data = part.encode("utf-8", "surrogateescape")
        state.update(b"%d:" % len(data))
        state.update(data)
    return Digest("sha256:" + state.hexdigest())


def of_base(image_id: str, layers: Iterable[str], platform: str = "") -> Keys:
    """Where a stage begins that is made from an image; an empty id is ``scratch`` for ``platform``.

    The files are named by the layers: an image made anew with the same content begins the same.
    """
    return Keys(derive("base", image_id, platform), derive("layers", *layers))


def after_metadata(before: Keys, shown: str) -> Keys:
    """After a step that makes no files; ``shown`` is all that it changes of the image."""
    return Keys(derive("metadata", before.image, shown), before.files)


def after_files(before: Keys, definition: str, sources: Iterable[str], shown: str) -> Keys:
    """After a step that may make files: what it does, what it reads besides the files before, what is
    shown."""
    return with_files(before, derive("files", before.files, definition, *sources), shown)


def after_content(before: Keys, content: str, shown: str) -> Keys:
    """The state after a copy, named by the ``content`` that was really copied, whatever it came from."""
    return with_files(before, derive("content", before.files, content), shown)


def with_files(before: Keys, files: Digest, shown: str) -> Keys:
    """The state after a step that is known to have made ``files``."""
    return Keys(derive("image", before.image, files, shown), files)
