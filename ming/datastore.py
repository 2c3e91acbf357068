"""Engines and datastores: which client, which database, for both faces.

The classes of engines are in `ming._engine`, the reading of URIs in `ming._uri`. ``MongoClient``,
``AsyncMongoClient`` and ``mim`` are looked up here whenever an engine is made, as programs replace them.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pymongo import AsyncMongoClient, MongoClient

from ming._engine import AsyncEngine, Engine, forget_after_fork
from ming._uri import Target, file_of, is_in_memory, target_of
from ming.encryption.keys import AsyncKeyVault, KeyVault
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from pymongo.asynchronous.encryption import AsyncClientEncryption
    from pymongo.encryption import ClientEncryption
    from typing_extensions import Self

    from ming.encryption.config import EncryptionConfig

__all__ = [
    "AsyncDataStore",
    "AsyncEngine",
    "DataStore",
    "Engine",
    "create_async_datastore",
    "create_async_engine",
    "create_datastore",
    "create_engine",
]


def create_engine(
    *args: Any, use_class: Any = None, connect_retry: int = 3, auto_ensure_indexes: bool = True, **kwargs: Any
) -> Engine:
    """Make an engine; nothing connects yet.

    Args:
        args: Positional arguments of the client, such as a URI or a host; none means the driver's defaults.
            A first argument starting ``mim:`` means the embedded engine, one for the whole process; or, with
            ``?file=path``, one for the file.
        use_class: Client class to use instead of ``MongoClient``.
        connect_retry: How many more times to try when connecting fails, a second apart.
        auto_ensure_indexes: Whether classes create their indexes when first used.
        kwargs: Keyword arguments of the client.
    """
    if args and is_in_memory(args[0]):
        connect = partial(_connect_mim, file_of(args[0]))
        return Engine(connect, args[1:], kwargs, connect_retry, auto_ensure_indexes)
    return Engine(use_class or MongoClient, args, kwargs, connect_retry, auto_ensure_indexes)


def create_async_engine(
    *args: Any, use_class: Any = None, connect_retry: int = 3, **kwargs: Any
) -> AsyncEngine:
    """Make an asynchronous engine; nothing connects yet.

    Args:
        args: As for `create_engine`. ``mim:`` means the same store as on the synchronous face.
        use_class: Client class to use instead of ``AsyncMongoClient``.
        connect_retry: How many more times to try when connecting fails, a second apart.
        kwargs: Keyword arguments of the client.
    """
    if args and is_in_memory(args[0]):
        return AsyncEngine(partial(_connect_async_mim, file_of(args[0])), args[1:], kwargs, connect_retry)
    return AsyncEngine(use_class or AsyncMongoClient, args, kwargs, connect_retry)


def __getattr__(name: str) -> Any:
    """Import the embedded engine when it is first asked for; most programs have a server."""
    if name != "mim":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, importlib.import_module("ming.mim"))


def _embedded_engine() -> Any:
    """The module's own ``mim``, which programs replace."""
    return sys.modules[__name__].mim


def _connect_mim(file: str | None, *args: Any, **kwargs: Any) -> Any:
    connection = _embedded_engine().Connection
    return connection.get() if file is None else connection(file=file)


def _connect_async_mim(file: str | None, *args: Any, **kwargs: Any) -> Any:
    connection = _embedded_engine().AsyncConnection
    return connection.get() if file is None else connection(file=file)


def create_datastore(
    uri: str, *, bind: Engine | None = None, encryption: EncryptionConfig | None = None, **kwargs: Any
) -> DataStore:
    """Make a datastore; nothing connects yet.

    Args:
        uri: A URI with a database, ``host:port/database``, or the bare name of a database.
        bind: Engine to use; then ``uri`` is a bare name.
        encryption: Settings of field encryption.
        kwargs: As for `create_engine`.

    Raises:
        MingConfigError: The URI names no database, or other arguments contradict ``bind``.
    """
    target = target_of(uri)
    if bind is not None:
        _check_bind(target, encryption, kwargs)
        return DataStore(bind, target.database)
    return DataStore(create_engine(*_client_arguments(target), **kwargs), target.database, encryption)


def create_async_datastore(
    uri: str, *, bind: AsyncEngine | None = None, encryption: EncryptionConfig | None = None, **kwargs: Any
) -> AsyncDataStore:
    """Make an asynchronous datastore; nothing connects yet.

    Args:
        uri: As for `create_datastore`.
        bind: Asynchronous engine to use; then ``uri`` is a bare name.
        encryption: Settings of field encryption.
        kwargs: As for `create_async_engine`.

    Raises:
        MingConfigError: The URI names no database, or other arguments contradict ``bind``.
    """
    target = target_of(uri, resolve=False)
    if bind is not None:
        _check_bind(target, encryption, kwargs)
        return AsyncDataStore(bind, target.database)
    return AsyncDataStore(
        create_async_engine(*_client_arguments(target), **kwargs), target.database, encryption
    )


def _client_arguments(target: Target) -> tuple[str, ...]:
    return () if target.client_uri is None else (target.client_uri,)


def _check_bind(target: Target, encryption: EncryptionConfig | None, kwargs: dict[str, Any]) -> None:
    unrecognized = sorted(kwargs) + (["encryption"] if encryption is not None else [])
    if unrecognized:
        raise MingConfigError(f"Unrecognized kwarg(s) when supplying bind: {', '.join(unrecognized)}")
    if target.client_uri is not None:
        raise MingConfigError("bind not allowed with full URI")


class _BaseDataStore:
    """What the datastores of both faces share: a name on an engine, and the settings of field encryption."""

    def __init__(self, bind: Any, name: str | None, encryption_config: EncryptionConfig | None) -> None:
        self.bind = bind
        self.name = name
        self._db: Any = None
        self._encryption_config = encryption_config
        forget_after_fork(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._db!r}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_db" not in self.__dict__:
            # Protocols of Python are not the database's business, least of all on a half-made copy.
            raise AttributeError(name)
        return getattr(self.db, name)

    def __copy__(self) -> Self:
        return type(self)(self.bind, self.name, self._encryption_config)

    @property
    def conn(self) -> Any:
        """The engine's client; of an asynchronous one, that for the running loop."""
        return _bound(self.bind, "conn").conn

    @property
    def db(self) -> Any:
        """The driver's database."""
        raise NotImplementedError("db")

    def _forget(self) -> None:
        self._db = None

    @property
    def encryption(self) -> EncryptionConfig | None:
        """The settings of field encryption, if there are any."""
        return self._encryption_config


class DataStore(_BaseDataStore):
    """A database on an engine. Unknown attributes are the database's, that is: its collections.

    Args:
        bind: The engine. A URI alone is understood too, as by `create_datastore`.
        name: Name of the database.
        encryption_config: Settings of field encryption.
    """

    is_async: ClassVar[bool] = False

    def __init__(
        self,
        bind: Engine | str | None,
        name: str | None = None,
        encryption_config: EncryptionConfig | None = None,
    ) -> None:
        if isinstance(bind, str):
            target = target_of(bind)
            bind, name = create_engine(*_client_arguments(target)), name or target.database
        super().__init__(bind, name, encryption_config)
        self._key_vault: KeyVault | None = None

    @property
    def db(self) -> Any:
        """The driver's database."""
        if self._db is None:
            self._db = _bound(self.bind, "db")[self.name]
        return self._db

    @property
    def _keys(self) -> KeyVault:
        if self._key_vault is None:
            self._key_vault = KeyVault(self._encryption_config, lambda: self.conn)
        return self._key_vault

    @property
    def encryptor(self) -> ClientEncryption[Any]:
        """The driver's encryptor."""
        return self._keys.encryptor

    def encr(self, value: Any, provider: str = "local") -> Any:
        """Encrypt a value deterministically, making the data keys if they are missing; None stays None."""
        return self._keys.encr(value, provider)

    def decr(self, value: Any) -> Any:
        """Decrypt a value; None stays None."""
        return self._keys.decr(value)

    def make_data_key(self) -> None:
        """Make one data key per entry of ``provider_options``."""
        self._keys.make_data_key()


class AsyncDataStore(_BaseDataStore):
    """A database on an asynchronous engine; attributes as `DataStore`.

    Args:
        bind: The asynchronous engine. A URI alone is understood too, as by `create_async_datastore`.
        name: Name of the database.
        encryption_config: Settings of field encryption.
    """

    is_async: ClassVar[bool] = True

    def __init__(
        self,
        bind: AsyncEngine | str | None,
        name: str | None = None,
        encryption_config: EncryptionConfig | None = None,
    ) -> None:
        if isinstance(bind, str):
            target = target_of(bind, resolve=False)
            bind, name = create_async_engine(*_client_arguments(target)), name or target.database
        super().__init__(bind, name, encryption_config)
        self._key_vault: AsyncKeyVault | None = None

    @property
    def db(self) -> Any:
        """The driver's database on the running loop's client."""
        client, db = _bound(self.bind, "db").conn, self._db
        if db is None or db.client is not client:
            # Another thread may be running another loop, and put its own here meanwhile.
            db = self._db = client[self.name]
        return db

    @property
    def _keys(self) -> AsyncKeyVault:
        if self._key_vault is None:
            self._key_vault = AsyncKeyVault(self._encryption_config, lambda: self.conn)
        return self._key_vault

    @property
    def encryptor(self) -> AsyncClientEncryption[Any]:
        """The driver's encryptor for the running loop."""
        return self._keys.encryptor

    async def encr(self, value: Any, provider: str = "local") -> Any:
        """Encrypt a value; see `DataStore.encr`."""
        return await self._keys.encr(value, provider)

    async def decr(self, value: Any) -> Any:
        """Decrypt a value; None stays None."""
        return await self._keys.decr(value)

    async def make_data_key(self) -> None:
        """Make one data key per entry of ``provider_options``."""
        await self._keys.make_data_key()


def _bound(bind: Any, what: str) -> Any:
    if bind is None:
        raise ValueError(f"Trying to access {what} of an unconnected DataStore")
    return bind
