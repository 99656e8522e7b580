"""Settings hold inside their block, and say what is wrong with them."""

import pytest

from glassgrad.base.errors import UsageError
from glassgrad.base.settings import Settings, current, settings


def test_they_hold_inside_the_block():
    before = current()
    with settings(threads=3):
        assert current() == Settings(verify=before.verify, threads=3)
        with settings(verify=True, threads=None):
            assert current() == Settings(verify=True, threads=None)
        assert current().threads == 3
    assert current() is before


@pytest.mark.parametrize("changes", [{"threads": 0}, {"threads": True}, {"threads": 2.0}, {"speed": True}])
def test_mistakes_are_named(changes):
    with pytest.raises(UsageError, match=r"threads is|no setting 'speed'"), settings(**changes):
        pass
