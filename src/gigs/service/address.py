"""Where a server listens, and by which names it may be asked for."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from gigs.errors import InputError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a server listens.

    Attributes:
        host: An address of this computer, or a name for one.
        port: 0 takes any that is free.
        names: Further names by which visitors may ask for it, such as that of a proxy before it.
    """

    host: str = LOOPBACK
    port: int = 7860
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(f"`port` must be from 0 to 65535, not {self.port}")

    @property
    def is_private(self) -> bool:
        """Whether only this computer can reach it."""
        found = _parsed(self.host)
        return self.host == "localhost" if found is None else found.is_loopback

    def url(self, port: int) -> str:
        """Where to open it in a browser on this computer; `port` is the one that it got."""
        found = _parsed(self.host)
        host = self.host
        if found is not None and found.is_unspecified:  # all of this computer's addresses
            host = LOOPBACK if found.version == 4 else "::1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def allows(self, host: str) -> bool:
        """Whether a request's Host may be answered.

        A page elsewhere can point a name of its own at this computer, and would then be taken for ours; it cannot do
        that with an address. So names must be known, and where only this computer listens, addresses be its own.
        """
        name = re.sub(r":\d{1,5}\Z", "", host).lower()
        found = _parsed(name.removeprefix("[").removesuffix("]"))
        if found is not None:
            return found.is_loopback or not self.is_private
        known = {"localhost", self.host.lower(), *(each.lower() for each in self.names)}
        return name in known if self.is_private else name in known | {socket.gethostname().lower(), _full_name()}

    def listen(self) -> socket.socket:
        """A bound socket.

        Raises:
            InputError: The port is taken, or the address is not this computer's.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except (OSError, UnicodeError) as error:
            listening.close()
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{self.host}:{self.port} cannot be used ({reason}); choose another `port`") from error
        return listening


def _parsed(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _full_name() -> str:
    return socket.getfqdn().lower()
