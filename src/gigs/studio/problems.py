"""What a visitor is told when something cannot be done."""

from __future__ import annotations

import logging

from gigs.inversion.gate import RefusedError
from gigs.method.choice import NothingToShowError
from gigs.service.jobs import BusyError, StoppedError, TooSlowError
from gigs.service.problems import PlainError
from gigs.studio import texts
from gigs.studio.limits import Limits

LOG = logging.getLogger("gigs.studio")


def in_words(error: BaseException, limits: Limits) -> str:
    """The sentence for an error; what is nobody's business but ours goes to the log."""
    if isinstance(error, RefusedError):
        return f"{error} {texts.REFUSED_HINT}"
    if isinstance(error, PlainError):
        text = str(error)
        return text[:1].upper() + text[1:]
    if isinstance(error, NothingToShowError):
        return texts.NOTHING_TO_SHOW
    if isinstance(error, BusyError):
        return texts.BUSY
    if isinstance(error, StoppedError):
        return texts.STOPPED
    if isinstance(error, TooSlowError):
        return texts.TOO_SLOW.format(seconds=limits.seconds)
    LOG.error("a computation failed", exc_info=error)
    return texts.BROKEN
