import gc

import pytest

from graphdb.memory import long_lived, uncollected


def test_nothing_is_collected_while_rows_are_built() -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_built_is_passed_over_until_the_work_with_it_ends() -> None:
    before = gc.get_freeze_count()
    with long_lived():
        with long_lived(), uncollected():
            rows = [[number] for number in range(10_000)]
        assert gc.get_freeze_count() >= before + len(rows)
    assert gc.get_freeze_count() == 0


def test_an_error_ends_it_too() -> None:
    with pytest.raises(KeyError), long_lived(), uncollected():
        raise KeyError
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_built_alone_it_is_collected_as_usual() -> None:
    with uncollected():
        built = [[number] for number in range(10)]
    assert gc.get_freeze_count() == 0
    assert built
