"""Visual recommenders: from pictures to preference scores (Eq. 1), their training (Eqs. 2-4) and evaluation."""

from typing import TYPE_CHECKING

from gigs.lazy import exports
from gigs.recommender.base import Recommender, load_recommender
from gigs.recommender.models.callable import CallableRecommender
from gigs.recommender.models.dvbpr import DVBPR
from gigs.recommender.models.vbpr import VBPR

if TYPE_CHECKING:
    from gigs.recommender.evaluate import RankingSettings, evaluate_recommender
    from gigs.recommender.item_pictures import ItemPictures
    from gigs.recommender.recommendations import recommend
    from gigs.recommender.train.run import TrainedRecommender, train_recommender
    from gigs.recommender.train.settings import TrainingSettings, defaults_for

__all__ = [
    "DVBPR",
    "VBPR",
    "CallableRecommender",
    "ItemPictures",
    "RankingSettings",
    "Recommender",
    "TrainedRecommender",
    "TrainingSettings",
    "defaults_for",
    "evaluate_recommender",
    "load_recommender",
    "recommend",
    "train_recommender",
]

__getattr__ = exports(
    __name__,
    {
        "ItemPictures": "gigs.recommender.item_pictures",
        "RankingSettings": "gigs.recommender.evaluate",
        "TrainedRecommender": "gigs.recommender.train.run",
        "TrainingSettings": "gigs.recommender.train.settings",
        "defaults_for": "gigs.recommender.train.settings",
        "evaluate_recommender": "gigs.recommender.evaluate",
        "recommend": "gigs.recommender.recommendations",
        "train_recommender": "gigs.recommender.train.run",
    },
)
