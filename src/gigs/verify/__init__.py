"""Is the gain real? Judges that the target never saw, controls, category, rank, and a verdict in words."""
