"""Settings in flat or nested dicts become datastores, bound to the named sessions of both faces.

Reading settings needs FormEncode, whose validators are in `ming.validators`; importing this module does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming._binding import bind_named
from ming._uri import file_of
from ming.datastore import create_async_datastore, create_datastore
from ming.encryption import make_encryption_key
from ming.exc import MingConfigError
from ming.session import Session

__all__ = ["MIM_TEST_KEY", "configure", "configure_from_nested_dict"]

MIM_TEST_KEY: Final = make_encryption_key()
"""Master key of in-memory datastores without encryption settings: another one in each process."""


def configure(**settings: Any) -> None:
    """Make datastores of flat settings and bind the named sessions to them.

    Args:
        settings: Those that start with ``ming.`` count, such as ``ming.main.uri`` for the session
            ``Session.by_name("main")`` and ``AsyncSession.by_name("main")``. Further dots nest, a trailing
            ``-<number>`` makes list items.

    Raises:
        KeyError: No setting starts with ``ming.``, or a datastore has no ``uri``.
        formencode.Invalid: A setting is wrong; ``error_dict`` says which.
        MingConfigError: FormEncode is not installed.
    """
    decode = _variable_decode()
    prefix = "ming."
    ours = {key.removeprefix(prefix): value for key, value in settings.items() if key.startswith(prefix)}
    if not ours:
        raise KeyError("no setting starts with 'ming.'")
    configure_from_nested_dict(decode(ours))


def configure_from_nested_dict(config: Mapping[str, Mapping[str, Any]]) -> None:
    """Make datastores of settings by name and bind the named sessions to them.

    Sessions that the settings do not name keep the datastore they have.

    Args:
        config: The settings of each datastore, such as ``{"main": {"uri": "mim:///wiki"}}``.

    Raises:
        KeyError: A datastore has no ``uri``.
        formencode.Invalid: A setting is wrong; ``error_dict`` says which.
        MingConfigError: A datastore's settings are no dict, or FormEncode is not installed.
    """
    # Not all programs use the asynchronous face, nor all of them settings.
    from ming.aio.session import AsyncSession

    _variable_decode()
    options = {name: _options(name, settings) for name, settings in config.items()}
    datastores = {name: create_datastore(**given) for name, given in options.items()}
    # On the asynchronous face indexes are created by an explicit call, whatever the settings say.
    async_datastores = {
        name: create_async_datastore(**_without(given, "auto_ensure_indexes"))
        for name, given in options.items()
    }
    bind_named(Session, datastores)
    bind_named(AsyncSession, async_datastores)


def _variable_decode() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Import FormEncode, as late as it is needed."""
    try:
        import formencode.variabledecode  # type: ignore[import-untyped]
    except ImportError as error:
        raise MingConfigError("settings are read with FormEncode: pip install 'Ming[configure]'") from error
    decode: Callable[[Mapping[str, Any]], dict[str, Any]] = formencode.variabledecode.variable_decode
    return decode


def _options(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check one datastore's settings, and return the arguments that `create_datastore` takes for them."""
    from ming.validators import DatastoreSettings

    if not isinstance(settings, Mapping):
        raise MingConfigError(f"the settings of datastore {name!r} are no dict but {settings!r}")
    if "uri" not in settings:
        raise KeyError(f"the settings of datastore {name!r} lack a 'uri'")
    given = dict(settings)
    uri = str(given["uri"])
    # The key lives as long as the process: what is kept in a file could not be read with another.
    if uri.startswith("mim://") and file_of(uri) is None:
        given.setdefault("encryption", _in_memory_encryption())
    options: dict[str, Any] = DatastoreSettings().to_python(given)
    return _without(options, "database") if options["database"] is None else options


def _without(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {known: value for known, value in options.items() if known != name}


def _in_memory_encryption() -> dict[str, Any]:
    return {
        "kms_providers": {"local": {"key": MIM_TEST_KEY}},
        "key_vault_namespace": "encryption_test.coll_key_vault_test",
        "provider_options": {"local": {"key_alt_names": ["datakeyName"]}},
    }
