"""Errors whose words are for whoever asked."""

from __future__ import annotations

from gigs.errors import InputError


class PlainError(InputError):
    """Its message is written for whoever sent the photo."""
