"""What an extra would bring is named where it is missing."""

import pytest

from gigs.errors import InputError
from gigs.io.extras import is_installed, require


def test_a_missing_library_is_named_with_its_extra():
    assert is_installed("json") and not is_installed("surely_no_such_module")
    require("json", "plots", "a plot")
    with pytest.raises(InputError, match=r"^a plot needs surely_no_such_module, .*pip install 'gigs\[plots\]'$"):
        require("surely_no_such_module", "plots", "a plot")
