"""A pack's map from gains to shares, tried on buyers that no scorer ever learned from.

    python -m benchmarks.share_elsewhere --catalogue data/hm --more downloads/hm-more --pack hm-64

Dated purchases of the further buyers count where the catalogue has the item's photo, at most `--most` a buyer. Every
judge is heard, as it is when a share is promised.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.data.choices import ChoiceSettings, read_choices
from gigs.packs import load_pack
from gigs.packs.panel import ALL, share_map_of
from gigs.studies.share import Jury, check


def with_others(catalogue: Catalogue, table: Path, most: int, seed: int = 0) -> tuple[Catalogue, np.ndarray]:
    """The catalogue with further buyers, whose purchases are all of the split `test`; and the rows of these buyers."""
    sales = pd.read_csv(table, dtype=str, usecols=["t_dat", "customer_id", "article_id"]).dropna()
    sales["article_id"] = sales["article_id"].str.zfill(10)
    place = pd.Series(np.arange(len(catalogue.items)), index=catalogue.items["item_id"].astype(str))
    known = set(catalogue.users["user_id"].astype(str))
    sales = sales[sales["article_id"].isin(place.index) & ~sales["customer_id"].isin(known)]
    sales = sales.drop_duplicates(["customer_id", "article_id"]).sample(frac=1, random_state=seed)
    sales = sales.groupby("customer_id").head(most)
    names = sales["customer_id"].unique()
    rows = len(catalogue.users) + np.arange(len(names))
    buyer = pd.Series(rows, index=names)
    more = pd.DataFrame(
        {
            "user": buyer.loc[sales["customer_id"]].to_numpy(),
            "item": place.loc[sales["article_id"]].to_numpy(),
            "count": 1,
            "first": pd.to_datetime(sales["t_dat"]).to_numpy(),
            "last": pd.to_datetime(sales["t_dat"]).to_numpy(),
            "split": "test",
        }
    )
    users = pd.concat([catalogue.users, pd.DataFrame({"user_id": names})], ignore_index=True)
    interactions = pd.concat([catalogue.interactions, more], ignore_index=True)
    return replace(catalogue, users=users, interactions=interactions), rows


def main() -> None:
    """Parse options, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True, help="Folder with transactions_more.csv.")
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--most", type=int, default=10, help="Purchases of one buyer at most.")
    options = parser.parse_args()
    pack, own = load_pack(options.pack), Catalogue.open(options.catalogue)
    map_ = share_map_of(pack)
    if map_ is None:
        parser.error(f"the pack {pack.name} has no map; run `gigs verify share`")
    catalogue, rows = with_others(own, options.more / "transactions_more.csv", options.most)
    choices = read_choices(catalogue, ("test",), rows, ChoiceSettings(alternatives=5))
    jury = Jury(pack, own)
    seen = jury.all_differences(choices, jury.vectors(ALL))
    found = check(seen.mean(1), choices.users, map_.slope.value)
    by_judge = {name: check(seen[:, at], choices.users, map_.slope.value).right for at, name in enumerate(jury.names)}
    print(json.dumps(asdict(found) | {"purchases": choices.purchases}, indent=1))
    for name, right in by_judge.items():
        print(f"{name}: pairs right {right}")


if __name__ == "__main__":
    main()
