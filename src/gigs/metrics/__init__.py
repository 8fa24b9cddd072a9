"""How good generated pictures are, as whole sets: figures on named feature sets (see `docs/reference/metrics.md`)."""
