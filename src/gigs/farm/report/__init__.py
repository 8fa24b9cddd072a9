"""What a category manager asks of a run: which products gain most, for whom, and by which change."""
