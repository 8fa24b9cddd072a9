"""Made-up best redesigns, as many as are wanted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gigs.farm.report.summary import BEST
from gigs.farm.rows import CHANGES

ABOUT = {
    "schema": 1,
    "mark": "",
    "audiences": [{"name": "men", "label": "men", "users": 80}, {"name": "women", "label": "women", "users": 90}],
}
CATEGORIES = ("Dress", "Shirt", "Shoes", "Skirt")


def made_up(products: int, seed: int = 0) -> pd.DataFrame:
    """Rows of so many products for two audiences; every tenth has a name like a formula."""
    rng = np.random.default_rng(seed)
    share = rng.uniform(40, 80, 2 * products).round(1)
    places = np.arange(2 * products) // 2
    frame = pd.DataFrame(
        {
            "item_id": [f"{place:07d}" for place in places],
            "audience": ["men", "women"] * products,
            "rank": 1,
            "shown": 8,
            "name": ["=1+1"] * (2 * products) if products == 300 else [f"Product {place}" for place in places],
            "category": [CATEGORIES[place % 4] for place in places],
            "verdict": rng.choice(["likely", "unclear", "no gain found"], 2 * products),
            "words": "Darker: navy instead of grey; longer.",
            "share": share, "share_low": share - 5, "share_high": share + 5,
            "gain": rng.normal(0, 1, 2 * products), "gain_low": -1.0, "gain_high": 1.0,
            "gain_vs_photo": rng.normal(0, 1, 2 * products),
            **{f"changes_{name}": rng.random(2 * products) < 0.3 for name in CHANGES},
        }
    )  # fmt: skip
    return frame[BEST]
