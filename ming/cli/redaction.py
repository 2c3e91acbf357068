"""No credential leaves the command: neither in what it prints, nor in errors, tracebacks and logs.

A URI keeps scheme, hosts and database. Beyond that, the parts of every URI that was used are secrets wherever
they occur in an error's text, because drivers and DNS libraries quote parts of what they were given.
"""

from __future__ import annotations

import re
import traceback
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

__all__ = ["REDACTOR", "Redactor", "shown_uri"]

_HIDDEN: Final = "***"
# Greedy up to the last @ before whitespace or a quote: a password may hold an unescaped slash or @.
_USER: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"<>]*@")
_QUOTED: Final = r"'[^']*'|\"[^\"]*\""
_OPTION: Final = re.compile(
    r"(?P<name>\b(?:authMechanismProperties|tlsCertificateKeyFilePassword|ssl_pem_passphrase|proxyUsername"
    rf"|proxyPassword|password|passwd|pwd)(?:=|['\"]\s*:\s*(?=['\"])))(?P<value>{_QUOTED}|[^&\s'\",)]+)",
    re.IGNORECASE,
)
_USER_INFO: Final = re.compile(r"//(?P<user>.*)@", re.DOTALL)
_DELIMITER: Final = re.compile(r"[/:@?#\[\]]")
_SHORTEST: Final = 3
"""Shorter parts are no secrets worth the name, and blotting them out would leave nothing readable."""


class Redactor:
    """Blots out what must not be seen."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def forget(self) -> None:
        """Know no secret any more."""
        self._secrets.clear()

    def learn(self, uri: Any) -> None:
        """Remember the credentials of a URI.

        Args:
            uri: What a client was given; anything but text is ignored.
        """
        if not isinstance(uri, str):
            return
        found = _USER_INFO.search(uri)
        values = [match["value"] for match in _OPTION.finditer(uri)]
        if found is not None:
            _, _, password = found["user"].partition(":")
            # A password that was not escaped reaches the driver, and its messages, in pieces.
            values += [found["user"], password, *_DELIMITER.split(password)]
        for value in values:
            spellings = {value, unquote(value), unquote_plus(value)}
            self._secrets |= {spelling for spelling in spellings if len(spelling) >= _SHORTEST}

    def learn_from(self, error: BaseException) -> None:
        """Remember the credentials of the URIs that functions held when an error left them.

        An application's own URI is met here first, if the driver refuses it and quotes a part.
        """
        for raised in (error, error.__cause__, error.__context__):
            for frame, _ in traceback.walk_tb(None if raised is None else raised.__traceback__):
                for value in tuple(frame.f_locals.values()):
                    self.learn(value)

    def uris(self, text: str) -> str:
        """Text without the credentials in URIs and options."""
        return _OPTION.sub(rf"\g<name>{_HIDDEN}", _USER.sub(rf"\g<scheme>{_HIDDEN}@", text))

    def everything(self, text: str) -> str:
        """Text without the credentials in URIs, and without any part of those that were used."""
        text = self.uris(text)
        for secret in sorted(self._secrets, key=len, reverse=True):
            # As a word only: a piece of a password may be a part of any.
            text = re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", _HIDDEN, text)
        return text


REDACTOR: Final = Redactor()
"""The one of this process."""


def shown_uri(uri: str) -> str:
    """A URI for people: without credentials and options."""
    return _USER_INFO.sub(f"//{_HIDDEN}@", uri).partition("?")[0]
