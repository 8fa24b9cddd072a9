"""The report of a run: which products gain most, for which audience, and by which change."""
