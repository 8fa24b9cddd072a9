"""API keys: compared in constant time, by their hashes, all of them for every request."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gigs.errors import InputError

VARIABLE = "GIGS_API_KEY"
SHORTEST = 16
SCHEME = "bearer "


class Keys:
    """The keys of a server. Without any, it is open to everybody.

    Args:
        keys: Of at least `SHORTEST` printable letters each.

    Raises:
        InputError: A key is too short, or cannot be sent in a header.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        for key in keys:
            if len(key) < SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
                raise InputError(
                    f"an API key must have at least {SHORTEST} ASCII characters without spaces; make one with "
                    "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
                )
        self._hashes = tuple(_hashed(key) for key in keys)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def allows(self, authorization: str) -> bool:
        """Whether the header `Authorization: Bearer KEY` has one of the keys; always where there are none."""
        if not self._hashes:
            return True
        is_bearer = authorization[: len(SCHEME)].lower() == SCHEME
        given = _hashed(authorization[len(SCHEME) :].strip())
        found = False
        for each in self._hashes:  # all of them, whichever fits
            found |= hmac.compare_digest(each, given)
        return found and is_bearer

    @classmethod
    def of(cls, file: Path | None, environment: Mapping[str, str] = os.environ) -> Keys:
        """The keys of a file, one a line, and that of `GIGS_API_KEY`.

        Args:
            file: Empty lines and those that begin with `#` count for nothing; None for no file.
            environment: Where the variable is looked for.

        Raises:
            InputError: The file cannot be read or has no key, or a key is too short.
        """
        keys = [environment[VARIABLE]] if environment.get(VARIABLE) else []
        if file is not None:
            try:
                lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
            except (OSError, UnicodeError) as error:
                raise InputError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
            found = [line for line in lines if line and not line.startswith("#")]
            if not found:
                raise InputError(f"{file}: holds no API key; write one per line")
            keys += found
        return cls(keys)


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
