"""The paper's experiments, under protocols that say what they are (`docs/lab/experiments.md`)."""
