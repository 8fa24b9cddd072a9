"""Redesigns a whole catalogue for several audiences on Ray: plans, workers, results and their summary."""
