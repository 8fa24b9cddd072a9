"""What a visitor is told when something cannot be done."""

from __future__ import annotations

import logging

from gigs.inversion.gate import RefusedError
from gigs.languages import ENGLISH, Language
from gigs.method.choice import NothingToShowError
from gigs.service.jobs import BusyError, StoppedError, TooSlowError
from gigs.service.problems import PlainError
from gigs.studio import texts
from gigs.studio.limits import Limits

LOG = logging.getLogger("gigs.studio")


def in_words(error: BaseException, limits: Limits, say: Language = ENGLISH) -> str:
    """The sentence for an error; what is nobody's business but ours goes to the log."""
    if isinstance(error, RefusedError):
        return f"{say.sentence(str(error))} {say(texts.REFUSED_HINT)}"
    if isinstance(error, PlainError):
        text = say.sentence(str(error))
        return text[:1].upper() + text[1:]
    if isinstance(error, NothingToShowError):
        return say(texts.NOTHING_TO_SHOW)
    if isinstance(error, BusyError):
        return say(texts.BUSY)
    if isinstance(error, StoppedError):
        return say(texts.STOPPED)
    if isinstance(error, TooSlowError):
        return say(texts.TOO_SLOW, seconds=say.number(limits.seconds))
    LOG.error("a computation failed", exc_info=error)
    return say(texts.BROKEN)
