"""Conformance: does a generator or a recommender of your own behave as the rest of gigs expects?

    from gigs.testing import check_generator, check_recommender
    check_generator(MyGenerator)      # anything that builds one when called without arguments
    check_recommender(MyRecommender)

The first thing that is wrong is raised as an `AssertionError` that says what and why it matters. With pytest, subclass
`GeneratorSuite` or `RecommenderSuite` instead and give it a `build` method: every check is then a test of its own.
Neither needs a network, third-party weights or pytest itself.
"""

from gigs.testing.generators import GeneratorSuite, check_generator
from gigs.testing.recommenders import RecommenderSuite, check_recommender

__all__ = ["GeneratorSuite", "RecommenderSuite", "check_generator", "check_recommender"]
