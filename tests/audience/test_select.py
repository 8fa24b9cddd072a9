import numpy as np
import pandas as pd
import pytest
import torch

from gigs.audience import select_audience, user_table
from gigs.data.catalogue import Catalogue
from gigs.data.conditions import matching
from gigs.errors import InputError
from gigs.recommender import DVBPR
from tests.helpers.small_models import small_recommender


@pytest.fixture
def catalogue(tiny_catalogue) -> Catalogue:
    return tiny_catalogue


@pytest.fixture
def recommender(catalogue) -> DVBPR:
    ids = catalogue.users["user_id"].tolist()
    return DVBPR(factors=6, hidden=32, width=0.1, input_size=64, user_ids=ids).freeze()


def test_the_mean_vector_scores_as_the_users_do_on_average(recommender):
    audience = select_audience("everyone", recommender)
    images = torch.rand(3, 3, 32, 32)
    one_by_one = recommender.score(images, recommender.user_factors).mean(dim=1)
    torch.testing.assert_close(recommender.score(images, audience.theta), one_by_one, atol=1e-5, rtol=1e-4)
    assert audience.users == len(recommender.user_ids)


def test_one_user_a_list_and_a_condition(recommender, catalogue, tmp_path):
    first, second = recommender.user_ids[:2]
    assert torch.equal(select_audience(f"user:{first}", recommender).theta, recommender.user_factors[0])
    listed = tmp_path / "users.txt"
    listed.write_text(f"{second}\n\n{first}\n{second}\n")
    audience = select_audience(f"@{listed}", recommender)
    assert audience.users == 2
    torch.testing.assert_close(audience.theta, recommender.user_factors[:2].mean(0))
    young = select_audience("age < 40", recommender, catalogue)
    assert young.users == int((catalogue.users["age"] < 40).sum())


def test_derived_columns(catalogue):
    users = user_table(catalogue)
    train = catalogue.interactions[catalogue.interactions["split"] == "train"]
    assert users["purchases"].sum() == len(train)
    row = int(train["user"].iloc[0])
    sections = catalogue.items["section"].iloc[train.loc[train["user"] == row, "item"]]
    assert users["main_section"].iloc[row] in set(sections)


def test_what_cannot_be_resolved_is_named(recommender, catalogue, tmp_path):
    for spec, message in (
        ("user:nobody", "nobody"),
        ("age < 0", "no user"),
        (f"@{tmp_path / 'none.txt'}", "cannot be read"),
        ("height > 3", "height"),
        ("age", "not a condition"),
    ):
        with pytest.raises(InputError, match=message):
            select_audience(spec, recommender, catalogue)
    with pytest.raises(InputError, match="needs a `catalogue`"):
        select_audience("age > 3", recommender)
    with pytest.raises(InputError, match="has no users"):
        select_audience("everyone", small_recommender(users=0))


@pytest.mark.parametrize(
    "condition", ["@pd.io.common.os.system('x')", "age.__class__ == 1", "age.max() > 3", "`age` > 1", "(lambda: 1)()"]
)
def test_conditions_cannot_reach_beyond_the_table(condition):
    with pytest.raises(InputError):
        matching(pd.DataFrame({"age": [1.0, 2.0]}), condition, "audience")


def test_conditions_on_text_and_missing_values():
    table = pd.DataFrame({"age": [20.0, np.nan, 40.0], "club": ["a.b", "@c", None]})
    assert matching(table, "age >= 18 and age < 30", "audience").tolist() == [True, False, False]
    assert matching(table, "club in ['a.b', '@c']", "audience").tolist() == [True, True, False]
    assert matching(table, "not (age > 30)", "audience").tolist() == [True, False, False]
    assert matching(table, "age != 25", "audience").tolist() == [True, False, True]
