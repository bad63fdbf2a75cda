"""The address of a server, and the key that it gets: both only from the person who starts chatpose."""

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from chatpose.agent.backends.openai_errors import AddressError, ServerKeyError

MAX_KEY_CHARS = 4096
_ENDPOINTS = ("/chat/completions", "/completions", "/models")
_LOCAL_ENDS = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True)
class ServerAddress:
    """Where a server listens.

    Attributes:
        base: without a slash at the end, "http://localhost:8000/v1".
    """

    base: str

    @classmethod
    def read(cls, text: str) -> "ServerAddress":
        """From what the person typed; "/v1" is added where there is no path.

        Raises:
            AddressError: not http or https, with a password, a question or a fragment in it, or without a host.
        """
        expected = "http://HOST:PORT/v1"
        if any(char.isspace() or not char.isprintable() for char in text):
            raise AddressError("an address with blanks or control characters", expected=expected)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise AddressError(f"the address {text[:80]!r}: {error}", expected=expected) from error
        if parts.scheme not in ("http", "https"):
            raise AddressError(
                f"the address {parts.scheme[:20] + ':' if parts.scheme else text[:80]!r}", expected=expected
            )
        if parts.username is not None or parts.password is not None:
            raise AddressError(
                "an address with a name or a password in it",
                expected=expected,
                fix="put the key into an environment variable and name it with --api-key-env",
            )
        if not host or parts.query or parts.fragment:
            raise AddressError(f"the address {parts.scheme}://{host or ''}{parts.path[:40]}", expected=expected)
        path = parts.path.rstrip("/")
        for end in _ENDPOINTS:
            path = path.removesuffix(end)
        host = f"[{host}]" if ":" in host else host
        return cls(f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}{path or '/v1'}")

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """Host and port, for names on screen."""
        return urlsplit(self.base).netloc

    @property
    def secure(self) -> bool:
        """Whether what is sent is encrypted."""
        return self.base.startswith("https://")

    @property
    def near(self) -> bool:
        """Whether it is this machine or one of the same private network, by its name alone."""
        host = (urlsplit(self.base).hostname or "").rstrip(".")
        try:
            number = ipaddress.ip_address(host)
        except ValueError:
            return "." not in host or host.endswith(_LOCAL_ENDS)
        return number.is_loopback or number.is_private or number.is_link_local


def check_key(address: ServerAddress, variable: str) -> None:
    """Makes sure that there is a key, and that it may be sent there.

    Args:
        address: of the server.
        variable: of the environment; nothing is sent when empty.

    Raises:
        ServerKeyError: the variable isn't set, or holds no key.
        AddressError: the key would cross the internet unencrypted.
    """
    if not variable:
        return
    key_of(variable)
    if not address.secure and not address.near:
        raise AddressError(
            f"a key for {address.origin}",
            expected="https, as anybody on the way could read it",
            fix="give the https address",
        )


def key_of(variable: str) -> str:
    """The key; read anew each time, kept nowhere.

    Raises:
        ServerKeyError: the variable isn't set, or holds no key.
    """
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ServerKeyError(
            f"the environment variable {variable[:60]!r} isn't set",
            expected="the server's key in it",
            fix="set it, then start again",
        )
    if len(key) > MAX_KEY_CHARS or not (key.isascii() and key.isprintable()) or " " in key:
        raise ServerKeyError(f"what {variable} holds is no key", expected="letters, digits and signs on one line")
    return key
