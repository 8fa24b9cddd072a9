from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.audience import select, select_audience
from gigs.audience.members import members_of, read_weights, user_table
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.recommender import DVBPR, load_recommender

pytestmark = pytest.mark.usefixtures("small_limits")


def test_buyers_of_an_item_and_of_a_kind(shop: Catalogue) -> None:
    train = shop.interactions[shop.interactions["split"] == "train"]
    item = int(train["item"].iloc[0])
    wanted = set(shop.users["user_id"].iloc[train.loc[train["item"] == item, "user"]])
    assert set(members_of(f"buyers-of:{shop.items['item_id'].iloc[item]}", shop)) == wanted
    red = members_of("buyers-of:colour=Red", shop)
    assert red == members_of('buyers-of:colour == "Red"', shop) == [u for u in shop.users["user_id"] if u in set(red)]
    assert all(int(user[:2]) % 2 == 0 for user in red) and len(red) == 30
    both = members_of('buyers-of:colour == "Red" and type == "Dress"', shop)
    assert set(both) < set(red)


def test_all_but_are_those_of_whom_a_condition_does_not_hold_or_is_not_known(shop: Catalogue) -> None:
    """Two halves of everybody, although an age is missing."""
    ages = shop.users["age"].where(shop.users.index != 3)
    some = replace(shop, users=shop.users.assign(age=ages))
    middle = float(ages.median())
    young, others = members_of(f"age < {middle}", some), members_of(f"all-but:age < {middle}", some)
    assert set(young) | set(others) == set(shop.users["user_id"]) and not set(young) & set(others)
    assert shop.users["user_id"].iloc[3] in others and young
    assert others == members_of(f"all-but: age < {middle}", some)
    with pytest.raises(InputError, match="only comparisons"):
        members_of("all-but:age.min() < 3", some)


def test_a_recommenders_buyers_of_something(shop: Catalogue, recommenders: dict[str, Path]) -> None:
    model = load_recommender(recommenders["main"])
    audience = select_audience("buyers-of:colour=Red", model, shop)
    rows = [row for row, user in enumerate(model.user_ids) if int(user[:2]) % 2 == 0]
    assert audience.users == len(rows)
    assert audience.theta.allclose(model.user_factors[rows].mean(0), atol=1e-6)
    assert audience.covariance is not None and audience.covariance.shape == (7, 7)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("buyers-of:99999", "no item 99999"),
        ("buyers-of:size=XL", "no column size"),
        ("buyers-of:type=Hat", "no item of the catalogue is meant"),
        ("buyers-of:type.upper() == 'A'", "only comparisons"),
        ("user:nobody", "nobody"),
    ],
)
def test_what_cannot_be_meant_is_named(shop: Catalogue, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        members_of(spec, shop)


def test_weights(tmp_path: Path) -> None:
    path = tmp_path / "weights.csv"
    path.write_text("user_id,weight\na,2\n\nb, 0.5\n")
    assert read_weights(path) == {"a": 2.0, "b": 0.5}
    for text, message in (
        ("a,2\nb,none\n", "is not"),
        ("a,0\n", "no weight"),
        ("a,nan\n", "no weight"),
        ("x,y", "no we"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_weights(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_weights(tmp_path / "none.csv")


def test_derived_columns_are_those_of_a_cross_table(shop: Catalogue) -> None:
    train = shop.interactions[shop.interactions["split"] == "train"]
    sections = shop.items["section"].to_numpy()[train["item"].to_numpy()]
    counts = pd.crosstab(train["user"].to_numpy(), sections).reindex(shop.users.index, fill_value=0)
    found = user_table(shop)
    assert found["purchases"].tolist() == train.groupby("user").size().reindex(shop.users.index, fill_value=0).tolist()
    assert found.filter(like="bought_").to_numpy().tolist() == counts.to_numpy().tolist()
    bought = counts.any(axis=1)
    assert found["main_section"][bought].tolist() == counts.idxmax(axis=1)[bought].tolist()
    assert found["main_section"][~bought].isna().all()


def test_the_covariance_of_many_users_is_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = torch.randn(900, 4, generator=torch.Generator().manual_seed(0)) + 2
    whole = select._covariance(factors)
    monkeypatch.setattr(select, "MANY", 100)
    torch.testing.assert_close(select._covariance(factors), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_condition_over_a_million_users_takes_less_than_two_seconds() -> None:
    """Of the processor's time, from the condition to members and mean taste; three million purchases."""
    rng, users = np.random.default_rng(0), 1_000_000
    pairs = {"user": rng.integers(0, users, 3 * users), "item": rng.integers(0, 1000, 3 * users), "split": "train"}
    catalogue = Catalogue(
        Path(), {}, pd.DataFrame({"section": rng.choice(["Men", "Women", "Sport"], 1000)}),
        pd.DataFrame({"user_id": np.arange(users).astype(str), "age": rng.integers(16, 80, users)}),
        pd.DataFrame(pairs),
    )  # fmt: skip
    model = DVBPR(factors=64, hidden=8, width=0.1, input_size=64, user_ids=catalogue.users["user_id"].tolist()).freeze()
    begun = time.process_time()
    found = select_audience("age < 30 and bought_men > 1", model, catalogue)
    assert time.process_time() - begun < 2
    table = user_table(catalogue)
    wanted = ((table["age"] < 30) & (table["bought_men"] > 1)).to_numpy()
    assert found.users == wanted.sum()
    torch.testing.assert_close(found.theta, model.user_factors[wanted].mean(0), rtol=1e-4, atol=1e-5)
