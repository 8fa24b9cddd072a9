"""A share of buyers is three numbers in order, and survives JSON."""

import json

import pytest

from gigs.errors import InputError
from gigs.verify.share import Share


def test_a_share_survives_json_and_says_itself_in_a_line():
    share = Share(54.0, 50.1, 57.9)
    assert Share.from_json(json.loads(json.dumps(share.to_json()))) == share
    assert str(share) == "54 of 100 [50, 58]"
    assert Share.from_json(None) is None


@pytest.mark.parametrize(
    "numbers",
    [
        (54, 55, 60),
        (54, 50, 53),
        (54, -1, 60),
        (54, 50, 101),
        (float("nan"), 50, 60),
        (54, 50, float("inf")),
        (True, 0, 60),
    ],
)
def test_numbers_that_are_no_share_are_refused(numbers):
    with pytest.raises(InputError, match="share"):
        Share(*numbers)


@pytest.mark.parametrize(
    "content", [{"of_100": 54.0, "low": 50.0}, [54, 50, 58], {"of_100": "54", "low": 50, "high": 58}]
)
def test_json_that_is_no_share_is_refused(content):
    with pytest.raises(InputError, match="share"):
        Share.from_json(content)
