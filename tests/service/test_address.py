"""By which names the studio may be asked for, and where it says that it is."""

from __future__ import annotations

import socket

import pytest

from gigs.errors import InputError
from gigs.service.address import Address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:7860"), ("::1", "http://[::1]:7860"), ("127.0.0.2", "http://127.0.0.2:7860"),
        ("localhost", "http://localhost:7860"), ("0.0.0.0", "http://127.0.0.1:7860"), ("::", "http://[::1]:7860"),
        ("192.0.2.7", "http://192.0.2.7:7860"), ("2001:db8::7", "http://[2001:db8::7]:7860"),
    ],
)  # fmt: skip
def test_the_address_that_is_printed_is_one_and_somebody_listens_there(host, url):
    assert Address(host=host).url(7860) == url


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "0.0.0.0"])
def test_a_browser_reaches_the_printed_address(host):
    try:
        listening = Address(host=host, port=0).listen()
    except InputError:
        pytest.skip("this machine has no such address")
    with listening:
        listening.listen()
        place = Address(host=host).url(listening.getsockname()[1]).removeprefix("http://")
        name, _, port = place.rpartition(":")
        socket.create_connection((name.strip("[]"), int(port)), timeout=5).close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_private_studio_answers_to_this_computers_own_names(host):
    address = Address(host=host)
    assert address.is_private
    for name in ("127.0.0.1:7860", "localhost", "[::1]:7860", "127.0.0.2", "LOCALHOST:1"):
        assert address.allows(name)
    for name in ("example.com", "192.0.2.7", "", "localhost.example.com", "127.0.0.1.example.com", "[::1"):
        assert not address.allows(name)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7"])
def test_a_shared_studio_answers_to_addresses_and_known_names_only(host):
    """A page elsewhere can point a name of its own at this computer; it cannot do that with an address."""
    address = Address(host=host, names=("shop.example",))
    assert not address.is_private
    for name in ("192.0.2.7:7860", "[2001:db8::7]:80", "localhost:7860", socket.gethostname(), "Shop.Example:443"):
        assert address.allows(name)
    for name in ("evil.example", "evil.example:7860", "shop.example.evil", "", "[::1].evil"):
        assert not address.allows(name)


def test_an_address_that_is_nobodys_is_one_line():
    for host in ("203.0.113.9", "no such host", "a" * 300):
        with pytest.raises(InputError, match="cannot be used"):
            Address(host=host, port=0).listen()
