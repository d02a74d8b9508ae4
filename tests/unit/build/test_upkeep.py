"""When everything that is kept is measured again."""

from berth.build.upkeep import Upkeep

MOST = 6400


def test_the_first_look_is_due() -> None:
    assert Upkeep().is_due(0, 0, MOST)


def test_nothing_new_is_no_reason() -> None:
    upkeep = Upkeep()
    upkeep.looked(results=MOST, others=MOST, written=500)
    assert not upkeep.is_due(MOST, 500, MOST)
    assert not upkeep.is_due(MOST - 1, 500, MOST)


def test_room_that_is_left_is_no_reason() -> None:
    upkeep = Upkeep()
    upkeep.looked(results=100, others=100, written=0)
    assert not upkeep.is_due(3000, 3000, MOST)


def test_too_much_is_a_reason_whoever_brought_it() -> None:
    for results, written in ((5000, 0), (100, 4900), (2600, 2500)):
        upkeep = Upkeep()
        upkeep.looked(results=100, others=1500, written=0)
        assert upkeep.is_due(results, written, MOST), (results, written)
