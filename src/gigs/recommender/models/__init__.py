"""The recommenders, one per file. Importing a file registers its recommender."""
