"""The name of the pack that is used where none is asked for."""

DEFAULT = "hm-128"
