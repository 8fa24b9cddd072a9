"""What every long training shares: checkpoints, logs, stopping."""
