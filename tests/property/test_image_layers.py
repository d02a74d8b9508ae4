"""Random archives: both forms of a layer agree about them, and give them back unchanged."""

import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from berth.base.errors import InvalidArgument
from tests.contract.snapshotter_stage import FORMS, Item, archive, missing, stage

pytestmark = pytest.mark.root

NAMES = st.sampled_from(["a", "b", "c", ".wh.a", ".wh..wh..opq", "..", "."])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TARGETS = st.one_of(PATHS, PATHS.map(lambda path: "/" + path))
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
ITEMS = st.lists(
    st.builds(
        lambda name, kind, link, content, mode: Item(
            name, content if kind == tarfile.REGTYPE else None, kind, link, mode
        ),
        PATHS,
        KINDS,
        TARGETS,
        st.binary(max_size=600),
        st.sampled_from([0o644, 0o755, 0o4711, 0o1777]),
    ),
    max_size=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(base=ITEMS, top=ITEMS)
def test_both_forms_agree(base: list[Item], top: list[Item]) -> None:
    tars = [archive(base), archive(top)]
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        for form in sorted(FORMS):
            if reason := missing(form, Path(scratch)):
                pytest.skip(reason)
            with stage(Path(scratch) / form, form) as here:
                try:
                    layers = [here.add(tar) for tar in tars]
                except InvalidArgument:
                    outcomes.append(None)
                    continue
                shown = here.show(*layers)
                outcomes.append((here.seen(shown, *layers), [layer.info.size for layer in layers]))
                for tar, layer in zip(tars, layers, strict=True):
                    assert b"".join(here.layers.archive(layer.info.diff_id)) == tar
    assert outcomes[0] == outcomes[1]
