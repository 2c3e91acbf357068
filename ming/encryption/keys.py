"""The key vault: makes data keys, encrypts and decrypts through the driver, for both faces.

A datastore holds one vault, `KeyVault` or `AsyncKeyVault`, and hands its calls on. What to do is decided
once, in the flows at the end; the vaults perform them. ``pymongo.encryption`` is imported only when used.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import DuplicateKeyError, EncryptionError

from ming._drive import arun, run
from ming._flows.operations import CallHook, CreateIndex, Sleep
from ming.encryption.config import EncryptionConfig, MingEncryptionError

if TYPE_CHECKING:
    from pymongo.asynchronous.encryption import AsyncClientEncryption
    from pymongo.encryption import ClientEncryption

    from ming._types import Flow, ManagerLike

__all__ = ["AsyncKeyVault", "KeyVault"]

_DETERMINISTIC: Final = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"
"""The driver's name of the algorithm; its own constant lies in the module that is imported late."""

_ABSENT_KEY: Final = "not all keys requested were satisfied"
"""How libmongocrypt says that the vault has no key of the name; it has no code for it."""

_PAUSES: Final = (0.02, 0.1, 0.5, 1.0)
"""Seconds to wait for a key that another process has made, but that a majority may not have yet."""

_DATA_KEYS: Any = SimpleNamespace(collection_name="data keys")
"""Operations name their collection by a manager; a vault has one collection only."""


class _Vault:
    """What both vaults share.

    Args:
        config: The datastore's encryption settings, or None.
        client: Returns the datastore's client.
    """

    def __init__(self, config: EncryptionConfig | None, client: Callable[[], Any]) -> None:
        self._config = config
        self._client = client

    @property
    def config(self) -> EncryptionConfig:
        """The encryption settings.

        Raises:
            MingEncryptionError: There are none.
        """
        if self._config is None:
            raise MingEncryptionError(
                "the datastore has no encryption settings: give create_datastore() an encryption=EncryptionConfig(...),"
                " or ming.configure() the settings 'ming.<name>.encryption.…'"
            )
        return self._config

    def call(
        self,
        manager: ManagerLike[Any],
        verb: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        by_id: bool = False,
    ) -> Any:
        """Call a driver verb on the collection of data keys; see `ming._types.Executor`."""
        database, collection = self.config.key_vault_namespace.split(".", 1)
        return getattr(self._client()[database][collection], verb)(*args, **kwargs)


class KeyVault(_Vault):
    """The key vault of a synchronous datastore."""

    def __init__(self, config: EncryptionConfig | None, client: Callable[[], Any]) -> None:
        super().__init__(config, client)
        self._made_for: Any = None
        self._encryptor: ClientEncryption[Any] | None = None

    @property
    def encryptor(self) -> ClientEncryption[Any]:
        """The driver's encryptor, one as long as the client stays the same."""
        config, client = self.config, self._client()
        if self._encryptor is None or self._made_for is not client:
            # A forked child has another client than its parent.
            _require_pymongocrypt()
            from pymongo.encryption import ClientEncryption

            self._encryptor = ClientEncryption(
                config.kms_providers, config.key_vault_namespace, client, client.codec_options
            )
            self._made_for = client
        return self._encryptor

    def encr(self, value: Any, provider: str = "local") -> Any:
        """Encrypt a value, making the data keys if they are missing; None stays None."""
        return None if value is None else run(_encrypt(self, value, provider), self)

    def decr(self, value: Any) -> Any:
        """Decrypt a value; None stays None."""
        return None if value is None else self.encryptor.decrypt(value)

    def make_data_key(self) -> None:
        """Make one data key per entry of ``provider_options``.

        Raises:
            EncryptionError: There was a key of the same name; other providers' keys are made all the same.
        """
        run(_make_new_data_keys(self), self)


class AsyncKeyVault(_Vault):
    """The key vault of an asynchronous datastore, with one encryptor per running loop."""

    def __init__(self, config: EncryptionConfig | None, client: Callable[[], Any]) -> None:
        super().__init__(config, client)
        self._encryptors: dict[asyncio.AbstractEventLoop, AsyncClientEncryption[Any]] = {}

    @property
    def encryptor(self) -> AsyncClientEncryption[Any]:
        """The driver's encryptor for the running loop."""
        config, loop = self.config, asyncio.get_running_loop()
        if loop not in self._encryptors:
            # An encryptor holds its client and thereby its loop; those of loops gone by are let go here.
            self._encryptors = {
                known: made for known, made in self._encryptors.items() if not known.is_closed()
            }
            _require_pymongocrypt()
            from pymongo.asynchronous.encryption import AsyncClientEncryption

            client = self._client()
            self._encryptors[loop] = AsyncClientEncryption(
                config.kms_providers, config.key_vault_namespace, client, client.codec_options
            )
        return self._encryptors[loop]

    async def encr(self, value: Any, provider: str = "local") -> Any:
        """Encrypt a value, making the data keys if they are missing; None stays None."""
        return None if value is None else await arun(_encrypt(self, value, provider), self)

    async def decr(self, value: Any) -> Any:
        """Decrypt a value; None stays None."""
        return None if value is None else await self.encryptor.decrypt(value)

    async def make_data_key(self) -> None:
        """Make one data key per entry of ``provider_options``; see `KeyVault.make_data_key`."""
        await arun(_make_new_data_keys(self), self)


def _require_pymongocrypt() -> None:
    if importlib.util.find_spec("pymongocrypt") is None:
        raise MingEncryptionError("field encryption needs pymongocrypt: pip install 'Ming[encryption]'")


def _encrypt(vault: KeyVault | AsyncKeyVault, value: Any, provider: str) -> Flow[Any]:
    name = vault.config.key_alt_name(provider)
    encrypt = CallHook(partial(vault.encryptor.encrypt, value, _DETERMINISTIC, key_alt_name=name))
    for pause in _PAUSES:
        try:
            return (yield from encrypt)
        except EncryptionError as error:
            if _ABSENT_KEY not in str(error):
                raise
        if (yield from _make_missing_data_keys(vault)):
            yield from Sleep(pause)
    return (yield from encrypt)


def _make_new_data_keys(vault: KeyVault | AsyncKeyVault) -> Flow[None]:
    refusals = yield from _make_missing_data_keys(vault)
    if refusals:
        raise refusals[0]


def _make_missing_data_keys(vault: KeyVault | AsyncKeyVault) -> Flow[list[EncryptionError]]:
    """Make the keys that are not there, and return the refusals for those that are.

    Of several processes that try at once, the unique index lets one succeed.
    """
    yield from CreateIndex(
        _DATA_KEYS, "keyAltNames", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
    )
    refusals = []
    for provider, options in (vault.config.provider_options or {}).items():
        try:
            yield from CallHook(partial(vault.encryptor.create_data_key, provider, **options))
        except EncryptionError as error:
            if not isinstance(error.cause, DuplicateKeyError):
                raise
            refusals.append(error)
    return refusals
