"""Training of recommenders by BPR (Eqs. 3-4)."""
