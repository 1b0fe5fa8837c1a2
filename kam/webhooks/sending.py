"""One signed call, as the Standard Webhooks specification 1.0 has it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Iterable
from http import HTTPStatus

from kam.webhooks.addresses import Refused, Target, resolve
from kam.webhooks.models import PREFIX

PATIENCE_SECONDS = 10.0
"""How long an answer may take, from the first byte to the last one that we look at."""


class Failed(Exception):  # noqa: N818  (an outcome of a delivery)
    """The other side did not take the message; the text says why."""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, moment and body under `secret`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def send(url: str, *, message_id: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> None:
    """POST `body`; raises `Failed` unless the answer is 2xx. Redirects are not followed."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "key-accounts-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, message_id, timestamp, body) for secret in secrets
        ),
    }
    try:
        status = _post(resolve(url), body, headers)
    except Refused as error:
        raise Failed(str(error)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failed(f"{type(error).__name__}: {error}"[:300]) from error
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Failed(f"HTTP {status}")


def _post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """Status of the answer; whoever drips it byte by byte is cut off."""
    connection = _Connection(target)
    alarm = threading.Timer(PATIENCE_SECONDS, connection.cut)
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("POST", target.path, body, headers)
        return connection.getresponse().status
    finally:
        alarm.cancel()
        connection.close()


class _Connection(http.client.HTTPConnection):
    """Connects to the address that was judged, and asks for the name that was given."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=PATIENCE_SECONDS)
        self.default_port = 443 if target.secure else 80  # type: ignore[misc]
        self.target = target

    def connect(self) -> None:
        """To the judged address; the certificate has to be of the name."""
        place = (self.target.address, self.target.port)
        self.sock = socket.create_connection(place, PATIENCE_SECONDS)
        if self.target.secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host)

    def cut(self) -> None:
        """End whatever is under way."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
