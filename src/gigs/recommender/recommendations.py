"""The usual use of a recommender: what a user would like next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError, InputError
from gigs.progress import OnStep, silent
from gigs.recommender.base import Recommender
from gigs.recommender.features import catalogue_phi

SHOWN = ("item_id", "name", "type", "colour", "section")


def recommend(
    model: Recommender, catalogue: Catalogue, user_id: str, *, top: int = 10, on_step: OnStep = silent
) -> pd.DataFrame:
    """The items with the highest scores theta^T phi (Eq. 1) that a user does not have yet.

    Args:
        model: A recommender that knows the user.
        catalogue: A catalogue; what the user bought in it is left out.
        user_id: Id of the user.
        top: Number of items.
        on_step: Progress over items.

    Returns:
        Best first: `rank` (from 1), `item_id`, `name`, `type`, `colour`, `section` (as the catalogue has them),
        `score`, and `item`, the row in the catalogue.

    Raises:
        InputError: The model does not know the user, or `top` is below 1.
        DataError: The user has every item.
    """
    if top < 1:
        raise InputError(f"top must be at least 1, not {top}")
    model.require_linear("gigs recommend")
    theta = model.user_factors[model.user_row(user_id)].detach().cpu().numpy().astype(np.float64)
    phi = catalogue_phi(model, catalogue, on_step=on_step).astype(np.float64)
    open_items = catalogue.items["has_image"].to_numpy(dtype=bool).copy()
    users = catalogue.users["user_id"].astype(str).to_numpy()
    own = catalogue.interactions["user"].isin(np.flatnonzero(users == str(user_id)))
    open_items[catalogue.interactions.loc[own, "item"].to_numpy()] = False
    rows = np.flatnonzero(open_items)
    if not len(rows):
        raise DataError(f"user {user_id!r} already has every item with a picture, so nothing is left to recommend")
    scores = phi[rows] @ theta
    best = np.argsort(-scores, kind="stable")[:top]
    columns = [name for name in SHOWN if name in catalogue.items.columns]
    table = catalogue.items.iloc[rows[best]][columns].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(best) + 1))
    return table.assign(score=scores[best], item=rows[best])
