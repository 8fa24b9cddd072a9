"""The families of generators, one file each; importing one registers it."""
