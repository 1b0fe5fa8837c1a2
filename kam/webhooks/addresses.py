"""Where webhooks may call: never into our own network, whatever a name resolves to.

An address is judged when it is called: the name is resolved once, every result has to be public,
and the connection is made to the address that was judged, so that a name that changes its mind
between the two (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses behind which translators put IPv4 ones (RFC 6052)."""

PRIVATE = gettext_lazy("The address leads into a private network.")


class Refused(Exception):  # noqa: N818  (a refusal of ours, not a failure)
    """The address may not be called."""


class Target(NamedTuple):
    """A judged address: where to connect to, and what to ask for."""

    host: str
    port: int
    address: str
    path: str
    secure: bool


def is_allowed(host: str) -> bool:
    """Whether the administrator lets webhooks call `host` although it may be private."""
    return host.lower() in {name.lower() for name in settings.WEBHOOK_ALLOWED_HOSTS}


def valid_url(url: str) -> None:
    """Raise ValidationError for what webhooks never call: no https address (http: hosts that are
    allowed), or a private host, told by the address alone and without asking for the name."""
    try:
        parts, _port = _parts(url)
    except ValueError as error:
        raise ValidationError(_("This is not an address."), code="url") from error
    if parts.username or parts.password or parts.fragment or not parts.hostname:
        raise ValidationError(_("An address without user, password and #."), code="url")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed(parts.hostname)):
        raise ValidationError(_("Webhooks call https:// addresses."), code="scheme")
    if not is_allowed(parts.hostname) and _is_private_literal(parts.hostname):
        raise ValidationError(PRIVATE, code="private")


def resolve(url: str) -> Target:
    """The address to connect to for `url`; raises `Refused`, or OSError for an unknown name."""
    try:
        valid_url(url)
    except ValidationError as error:
        raise Refused(error.messages[0]) from error
    parts, port = _parts(url)
    host = str(parts.hostname)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(item[4][0]) for item in found]
    if not is_allowed(host) and not all(is_public(text) for text in addresses):
        raise Refused(str(PRIVATE))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, addresses[0], path, parts.scheme == "https")


def is_public(text: str) -> bool:
    """Whether an address belongs to the internet at large, also when it wraps another one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(item.is_global and not item.is_multicast for item in _unwrapped(address))


def _is_private_literal(host: str) -> bool:
    """Whether `host` is no name but a private address, or a name that always means this machine
    (RFC 6761). As connecting does, takes `127.1`, `0x7f000001` and `2130706433` for addresses."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(name if ":" in name else socket.inet_ntoa(socket.inet_aton(name)))
    except (OSError, ValueError):
        return False


def _unwrapped(address: Address) -> list[Address]:
    found: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in TRANSLATED:
            inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = [item for item in inside if item is not None]
        if address.ipv4_mapped is not None:
            return list(inner)
        found += inner
    return found


def _parts(url: str) -> tuple[SplitResult, int]:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(url)
    parts = urlsplit(url)
    return parts, parts.port or (443 if parts.scheme == "https" else 80)
