"""What a document class's manager knows: the declarations, the schema, and the way in and out.

The operations on the collection, which go through the session, are in `ming._managers`. What reading and
validating mean is decided below, in `ming._compile.loader`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import quote

from ming import schema as S
from ming._compile.loader import ClassLoader, Load
from ming._declaration import Declaration
from ming._fields import Field
from ming._indexes import Index
from ming._stored_form import storable
from ming._types import RawDocument
from ming._values import KEEP_ASIDE
from ming.evolve.chain import Chain, Version
from ming.exc import MingConfigError
from ming.schema.stamps import stamped

if TYPE_CHECKING:
    from ming._document import _Document

__all__ = ["BaseManager", "find_manager", "manager_of"]

D = TypeVar("D", bound="_Document")


class BaseManager(Generic[D]):
    """What a document class declares, and its documents' way in and out.

    Args:
        cls: The document class.
        fields: Its own and inherited fields.
        indexes: Its own and inherited indexes.
        bases: The managers of its base classes.
        declaration: Everything else it declares.
    """

    def __init__(
        self,
        cls: type[D],
        fields: Iterable[Field[Any]],
        indexes: Iterable[Index],
        bases: Sequence[BaseManager[Any]],
        declaration: Declaration,
    ) -> None:
        self.cls = cls
        self.bases = tuple(bases)
        self.indexes = list(indexes)
        self.field_index = {cast(str, field.name): field for field in fields}
        self.declaration = declaration
        self.collection_name = declaration.name
        self.session = declaration.session
        self.polymorphic_on = declaration.polymorphic_on
        self.polymorphic_identity = declaration.polymorphic_identity
        self.polymorphic_registry = declaration.polymorphic_registry
        self.before_save = declaration.before_save
        self._in_chain = declaration.version_of is not None
        if self._registry is not None and declaration.registers:
            self._registry[self.polymorphic_identity] = cls
        if self.older is not None:
            self.older._join_chain()

    def _join_chain(self) -> None:
        """Learn that a newer version exists: from now on constants are filled in."""
        if not self._in_chain:
            self._in_chain = True
            self.forget_schema()

    def forget_schema(self) -> None:
        """Have the schema and everything made of it built anew at the next use."""
        for name in ("own_schema", "schema", "chain", "_class_loader"):
            self.__dict__.pop(name, None)

    # -- what is declared

    @property
    def fields(self) -> Iterable[Field[Any]]:
        """The class's fields."""
        return self.field_index.values()

    @property
    def _registry(self) -> MutableMapping[Any, type[Any]] | None:
        """The classes of the collection by their values of the discriminator; None without one."""
        return self.polymorphic_registry if self.polymorphic_on else None

    @property
    def older(self) -> BaseManager[Any] | None:
        """The manager of the version before this one."""
        version_of = self.declaration.version_of
        return None if version_of is None else manager_of(version_of)

    @property
    def driver_options(self) -> Mapping[str, Any]:
        """Driver options declared for the class, such as a read preference, a hint or a comment."""
        return self.declaration.driver_options

    @property
    def strict_read(self) -> bool:
        """Whether unknown stored keys are refused on reading."""
        return self.declaration.unknown == "forbid"

    @property
    def required_session(self) -> Any:
        """The session, for what cannot do without.

        Raises:
            MingConfigError: The class declares none.
        """
        if self.session is None:
            name = self.cls.__name__
            raise MingConfigError(
                f"{name} declares no session: use session.find({name}, ...) or {name}.m.with_session(session)"
            )
        return self.session

    @property
    def collection(self) -> Any:
        """The driver's collection."""
        return self.required_session.db[self.collection_name]

    # -- schemas and loading

    @cached_property
    def own_schema(self) -> S.Document:
        """The schema of this version alone."""
        items = {name: field.schema for name, field in self.field_index.items()}
        if self._in_chain:
            items = {name: stamped(item) for name, item in items.items()}
        schema = S.Document(items)
        schema.managed_class = self.cls
        schema.polymorphic_on = self.polymorphic_on
        schema.polymorphic_registry = self._registry
        if self._registry is not None and not self.declaration.registers:
            # Documents of an inherited identity are of the class that was asked for.
            schema.polymorphic_registry = ChainMap({self.polymorphic_identity: self.cls}, self._registry)
        return schema

    @cached_property
    def schema(self) -> Any:
        """The schema with the older versions; None for a class without fields."""
        if not self.field_index:
            return None
        if self.older is None:
            return self.own_schema
        self._lineage()
        return S.Migrate(self.older.schema or self.older.own_schema, self.own_schema, self._migrate)

    def _migrate(self, old: Any) -> Any:
        migrate = self.declaration.migrate
        if migrate is None:
            raise TypeError(f"{self.cls.__name__} declares version_of without migrate")
        hop = self.chain.hops[-1]
        if hop.steps is not None:
            return hop.upgrade(storable(old, old._origin))
        made = migrate(old)
        if isinstance(made, Mapping) and "_id" in old and "_id" in self.field_index:
            # Without it, saving would insert a second document.
            return {"_id": old["_id"], **made}
        return made

    def _lineage(self) -> list[BaseManager[Any]]:
        """This version and the older ones, newest first.

        Raises:
            MingConfigError: A version is, by way of others, an older version of itself.
        """
        lineage: list[BaseManager[Any]] = []
        manager: BaseManager[Any] | None = self
        while manager is not None:
            lineage.append(manager)
            manager = manager.older
            if manager in lineage:
                names = " is a version of ".join(each.cls.__name__ for each in [*lineage, manager])
                raise MingConfigError(f"{self.collection_name}: {names}")
        return lineage

    @cached_property
    def chain(self) -> Chain:
        """This version and the older ones, oldest first."""
        versions = [
            Version(manager.cls, manager.own_schema, manager.declaration.migrate)
            for manager in self._lineage()
        ]
        declared = self.declaration.unstamped
        unstamped = next((version for version in versions if version.cls is declared), None)
        if declared is not None and unstamped is None:
            raise MingConfigError(f"unstamped: {declared!r} is no version of {self.cls.__name__}")
        return Chain(tuple(reversed(versions)), self.collection_name, unstamped, self.declaration.on_hybrid)

    @cached_property
    def _class_loader(self) -> ClassLoader:
        return ClassLoader(
            self.own_schema,
            self.chain,
            self.declaration.unknown,
            snapshots=self.declaration.save == "changes",
        )

    def loader(self, allow_extra: bool = True, strip_extra: bool = True) -> Load:
        """Return the function that makes documents of stored raw documents, which it may consume.

        Args:
            allow_extra: Whether stored keys that no field declares are accepted.
            strip_extra: Whether accepted ones go out of sight; they stay stored all the same.
        """
        if self.schema is None:
            return self.cls._wrap
        return self._class_loader.loader(allow_extra, strip_extra)

    @property
    def accepts(self) -> Callable[[RawDocument], bool] | None:
        """Whether the usual loader only has to build a raw document; None where that takes more than a look."""
        return None if self.schema is None else self._class_loader.accepts

    def validator(self) -> dict[str, Any]:
        """Return the filter that stored documents of all live versions match, for the server to enforce."""
        # Exports are made by few.
        from ming.evolve.validator import validator_of

        return validator_of(self.chain, closed=self.schema is not None and self.strict_read)

    def json_schema(self, identifier: str | None = None) -> dict[str, Any]:
        """Return the JSON Schema, draft 2020-12, of this version's documents in relaxed Extended JSON.

        Args:
            identifier: Its ``$id``, a URI; by default a URN of collection and class.
        """
        from ming.schema.export import json_schema

        name = self.cls.__name__
        identifier = identifier or f"urn:ming:{quote(self.collection_name or '')}:{quote(name)}"
        return json_schema(
            self.own_schema, self.schema is not None and self.strict_read, identifier, title=name
        )

    def source(self) -> str:
        """Return the source of the generated loader of stored documents, for reading."""
        # Compilers are imported by those who use them.
        from ming._compile.program import compile_stored

        program: Any = compile_stored(self.own_schema, exact=False, snapshot=False)
        return str(program.source)

    def make(self, data: Any, allow_extra: bool = False, strip_extra: bool = True) -> D:
        """Make a valid document, with its defaults, of Python data.

        Args:
            data: The data; an older version's is upgraded.
            allow_extra: Whether keys that no field declares are accepted.
            strip_extra: Whether accepted ones are dropped.

        Raises:
            Invalid: The data are not valid.
        """
        if self.schema is None:
            return self.cls._wrap(data)
        if strip_extra is KEEP_ASIDE:
            return cast(D, self.loader(allow_extra, strip_extra)(data))
        made = None if allow_extra else self._class_loader.make(data)
        if made is None:
            made = self.schema.validate(data, allow_extra=allow_extra, strip_extra=strip_extra)
        return cast(D, made)

    def validated(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a document's valid form for storing, with defaults; keys without a field are refused.

        Raises:
            Invalid: The document is not valid; the error names collection and ``_id``.
        """
        if self.schema is None:
            return dict(document)
        try:
            if "_id" in self.field_index or "_id" not in document:
                return self._valid(document)
            # Every stored document has an _id, whether its class declares one or not.
            rest = {key: value for key, value in dict.items(document) if key != "_id"}
            return {"_id": document["_id"], **self._valid(rest)}
        except S.Invalid as error:
            error.within(self.collection_name, dict.get(document, "_id"))
            raise

    def _valid(self, document: dict[str, Any]) -> dict[str, Any]:
        data = self._class_loader.data(document)
        return dict(self.schema.validate(document)) if data is None else data


def find_manager(cls: type) -> BaseManager[Any] | None:
    """The class manager of a document class, without any index being created; None for other classes."""
    manager = getattr(cls, "_manager", None)
    return manager if isinstance(manager, BaseManager) else None


def manager_of(cls: Any) -> BaseManager[Any]:
    """The class manager of a document class, without any index being created.

    Raises:
        TypeError: The class is no document class.
    """
    manager = find_manager(cls) if isinstance(cls, type) else None
    if manager is None:
        raise TypeError(f"{cls!r} is not a document class")
    return manager
