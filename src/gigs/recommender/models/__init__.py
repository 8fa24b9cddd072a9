"""The recommenders, one file each; importing one registers it."""
