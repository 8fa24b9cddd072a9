"""Shared parts of all long trainings: checkpoints, logs, stopping, and processes that share a batch."""

# In the environment of processes that `training.launch` started: it shows their errors, and they do not.
LAUNCHED = "GIGS_LAUNCHED"
