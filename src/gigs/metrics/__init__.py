"""Metrics for sets of generated pictures, on named feature sets (see `docs/reference/metrics.md`)."""
