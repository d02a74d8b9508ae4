"""Results taken from an image that was built elsewhere, and the configurations of results."""

import msgspec

from berth.base.digest import sha256
from berth.build.cache_from import borrow
from berth.build.plan_result import after_layers, new_result, next_config, scratch_config
from berth.build.plan_step import FROM, METADATA
from berth.image.config import ImageConfig, encode_config
from berth.image.model import Image
from tests.unit.build.plans import FILES, image, plan, plan_with

TEXT = "FROM base\nENV a=1\nRUN first\nCOPY a.txt /d/\nLABEL l=1\nRUN second\n"
WHEN = "2026-01-01T00:00:00Z"


def built(text: str = TEXT, base: Image | None = None, **given) -> Image:
    """The image of a text as a builder elsewhere would have made it; each step with files has a layer."""
    config = (base or image()).config
    for step in plan(text, base=base, **given).steps:
        if step.kind != FROM:
            layer = sha256(f"elsewhere {step.created_by}".encode()) if step.layer else None
            config = next_config(config, step, created=WHEN, layer=layer)
    return Image(id=sha256(encode_config(config)), config=config, size=1)


def borrowed(text: str, *candidates: Image, **given) -> dict[int, int]:
    """By index of step how many layers its result takes over."""
    made, sources = plan_with(text, {}, **given)
    return {index: len(layers) for index, layers in borrow(made, sources.bases, candidates).items()}


def test_all_of_it() -> None:
    assert borrowed(TEXT, built()) == {1: 1, 2: 2, 3: 3, 4: 3, 5: 4}
    made, sources = plan_with(TEXT, {})
    assert borrow(made, sources.bases, [built()])[5] == built().layers


def test_up_to_what_is_different() -> None:
    assert max(borrowed(TEXT.replace("second", "third"), built())) == 4
    assert max(borrowed(TEXT, built(), files={**FILES, "a.txt": "other"})) == 2
    assert borrowed(TEXT.replace("a=1", "a=2"), built()) == {}
    assert max(borrowed("FROM base\nARG v\nRUN x\nRUN y\n", built("FROM base\nARG v\nRUN x\n"))) == 2


def test_arguments() -> None:
    text = "FROM base\nARG v\nRUN x\n"
    assert borrowed(text, built(text, build_args={"v": "1"}), build_args={"v": "1"}) == {1: 1, 2: 2}
    assert borrowed(text, built(text, build_args={"v": "1"}), build_args={"v": "2"}) == {1: 1}


def test_only_on_the_same_base() -> None:
    assert borrowed(TEXT, built(base=image("other"))) == {}
    config = msgspec.structs.replace(image().config, history=())
    assert borrowed(TEXT, built(), other=Image(id=image().id, config=config, size=1)) == {}


def test_the_one_that_has_most() -> None:
    short, long = built("FROM base\nENV a=1\nRUN first\n"), built()
    assert borrowed(TEXT, short, long) == borrowed(TEXT, long, short) == borrowed(TEXT, long)
    assert borrowed(TEXT) == {}


def test_stages_in_a_row_count_as_one() -> None:
    text = "FROM base AS a\nRUN x\nFROM a\nRUN y\n"
    assert borrowed(text, built("FROM base\nRUN x\nRUN y\n")) == {1: 2, 3: 3}


def test_what_a_line_does_not_tell() -> None:
    text = "FROM base AS s\nRUN x\nFROM base\nRUN y\nCOPY --from=s /a /b\nRUN z\n"
    made = plan(text).stages[1]
    config = image().config
    for step in made.steps[1:]:
        config = next_config(config, step, created=WHEN, layer=sha256(step.created_by.encode()))
    assert borrowed(text, Image(id=sha256(b"x"), config=config, size=1)) == {3: 2}


def test_an_image_that_lies_about_its_layers() -> None:
    short = built()
    config = msgspec.structs.replace(
        short.config, rootfs=msgspec.structs.replace(short.config.rootfs, diff_ids=short.layers[:2])
    )
    assert max(borrowed(TEXT, Image(id=short.id, config=config, size=1))) == 2


def test_configurations() -> None:
    made = plan("FROM base\nMAINTAINER me\nENV a=1\nRUN x\n")
    layer = sha256(b"layer")
    first = next_config(image().config, made.steps[1], created=WHEN, layer=None)
    second = next_config(first, made.steps[3], created=WHEN, layer=layer)
    assert (first.author, first.diff_ids, first.history[-1].empty_layer) == ("me", image().layers, True)
    assert second.diff_ids == (*image().layers, layer)
    assert (second.history[-1].created_by, second.history[-1].empty_layer) == ("/bin/sh -c x", False)
    assert second.config == made.steps[3].settings
    assert second.created == second.history[-1].created == WHEN
    assert after_layers(first, made.steps[3], created=WHEN, layers=second.diff_ids) == second
    assert encode_config(second) == encode_config(
        msgspec.json.decode(encode_config(second), type=ImageConfig)
    )


def test_scratch_has_a_platform() -> None:
    config = scratch_config("linux/arm/v7")
    assert (config.os, config.architecture, config.variant) == ("linux", "arm", "v7")
    assert scratch_config().architecture


def test_rows() -> None:
    made = plan("FROM base\nRUN x\nLABEL a=b\n")
    ran, label = made.steps[1:]
    row = new_result(ran, ran.keys, layer=sha256(b"l"), size=7)
    assert (row.keys, row.after, row.size) == ((ran.keys.image, ran.keys.files), ran.keys, 7)
    assert label.kind == METADATA
    assert new_result(label, label.keys).keys == (label.keys.image,)
    twice = new_result(ran, ran.keys, label.keys, link=sha256(b"k"))
    assert twice.after == label.keys
    assert len(twice.keys) == 4
