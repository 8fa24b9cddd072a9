"""An audience of a recommender that holds its users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gigs.audience.base import EVERYONE, SAMPLE, Audience
from gigs.audience.members import listed, members_of
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.recommender.base import Recommender

MANY = 50_000  # users whose covariance is taken in pieces of so many


def select_audience(
    spec: str, recommender: Recommender, catalogue: Catalogue | None = None, *, name: str | None = None
) -> Audience:
    """Resolve the text of an audience.

    Args:
        spec: `everyone`; `user:ID`; `@FILE` with one user id per line; `buyers-of:ITEM` or `buyers-of:COLUMN=VALUE`;
            otherwise a condition on the user table, such as `age >= 18 and age < 30`.
        recommender: Must hold user factors.
        catalogue: Needed for a condition and for buyers of something.
        name: Name of the audience; `spec` by default.

    Raises:
        InputError: Unknown users, an empty audience, a condition that cannot be evaluated.
    """
    factors = audience_factors(spec, recommender, catalogue)
    sample = None if recommender.is_linear else _sample(factors)
    covariance = _covariance(factors) if recommender.is_linear and len(factors) > 1 else None
    return Audience(name or spec, len(factors), factors.mean(dim=0), sample, covariance)


def _covariance(factors: Tensor) -> Tensor:
    """Covariance `[K,K]` of factors `[U,K]`; of many in pieces, which takes a quarter of the time and no memory."""
    if len(factors) <= MANY:
        return torch.cov(factors.double().T).float()
    mean = factors.mean(dim=0)
    total = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for piece in factors.split(MANY):
        centred = piece - mean
        total += (centred.T @ centred).double()
    return (total / (len(factors) - 1)).float()


def _sample(factors: Tensor) -> Tensor:
    """At most `SAMPLE` rows, always the same."""
    rows = torch.randperm(len(factors), generator=torch.Generator().manual_seed(0))[:SAMPLE]
    return factors[rows.sort().values]


def audience_factors(spec: str, recommender: Recommender, catalogue: Catalogue | None = None) -> Tensor:
    """Factors `[U,K]` of every user of an audience; arguments and errors as `select_audience`."""
    return recommender.factors_of(audience_rows(spec, recommender, catalogue)).detach()


def audience_rows(spec: str, recommender: Recommender, catalogue: Catalogue | None = None) -> np.ndarray:
    """Rows of the recommender's users who belong to an audience, int64; arguments and errors as `select_audience`."""
    if not recommender.user_ids:
        raise InputError(
            f"audience {spec!r}: this recommender has no users; name one of the pack's audiences (`gigs "
            "audience list`), or give a `recommender` and a `catalogue`"
        )
    rows = _rows(spec.strip(), recommender, catalogue)
    if len(rows) == 0:
        raise InputError(f"audience {spec!r}: no user of the recommender belongs to it")
    return rows


def _rows(spec: str, recommender: Recommender, catalogue: Catalogue | None) -> np.ndarray:
    """Rows of the recommender's users that belong to the audience."""
    if spec == EVERYONE:
        return np.arange(len(recommender.user_ids))
    if spec.startswith("user:"):
        return np.array([recommender.user_row(spec[5:].strip())])
    if spec.startswith("@"):
        return np.array([recommender.user_row(user) for user in listed(Path(spec[1:]))], dtype=np.int64)
    if catalogue is None:
        raise InputError(f"audience {spec!r}: not one of the pack's; a condition on users needs a `catalogue`")
    return recommender.user_rows(members_of(spec, catalogue))
