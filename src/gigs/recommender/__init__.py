"""Visual recommenders: pictures to preference scores (Eq. 1), their training (Eqs. 2-4) and how good they are."""

from gigs.recommender.base import Recommender, load_recommender
from gigs.recommender.evaluate import RankingSettings, evaluate_recommender
from gigs.recommender.item_pictures import ItemPictures
from gigs.recommender.models.callable import CallableRecommender
from gigs.recommender.models.dvbpr import DVBPR
from gigs.recommender.models.vbpr import VBPR
from gigs.recommender.recommend import recommend
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
