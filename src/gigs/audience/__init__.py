"""Who a product is redesigned for: a name, a number of users, and one taste vector.

The score is linear in theta, so the mean score over users is the score of their mean, and ten thousand users cost no
more than one. If a recommender's score is not linear, the mean says nothing. The audience is then a sample of its
users, and every step costs as much as that many users.
"""

from typing import TYPE_CHECKING

from gigs.audience.base import EVERYONE, MINIMUM_USERS, SAMPLE, Audience, require_minimum
from gigs.lazy import exports

if TYPE_CHECKING:
    from gigs.audience.members import user_table
    from gigs.audience.select import audience_factors, select_audience

__all__ = [
    "EVERYONE",
    "MINIMUM_USERS",
    "SAMPLE",
    "Audience",
    "audience_factors",
    "require_minimum",
    "select_audience",
    "user_table",
]

__getattr__ = exports(
    __name__,
    {
        "audience_factors": "gigs.audience.select",
        "select_audience": "gigs.audience.select",
        "user_table": "gigs.audience.members",
    },
)
