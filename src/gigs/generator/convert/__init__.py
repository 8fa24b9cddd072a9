"""Checkpoints that others published, converted once to the package's own files."""
