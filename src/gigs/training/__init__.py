"""What every long training shares: checkpoints, logs, stopping, and the processes that share a batch."""

# In the environment of processes that `training.launch` started: it shows their errors, and they do not.
LAUNCHED = "GIGS_LAUNCHED"
