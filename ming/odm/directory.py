"""What can be asked of all mappers there are: class methods of `ming.odm.mapper.Mapper`.

They answer for the default registry (`ming.odm.registry`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ming.odm.registry import REGISTRY

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["Directory"]

N = TypeVar("N")


class Directory:
    """The way from a class, a name or a document class to its mapper, and what concerns them all."""

    _mapper_by_classname: ClassVar[dict[str, Mapper[Any]]] = REGISTRY.by_name

    @classmethod
    def by_class(cls, mapped_class: type[N]) -> Mapper[N]:
        """Return the mapper of a class.

        Raises:
            KeyError: It is not mapped.
        """
        return REGISTRY.by_class[mapped_class]

    @classmethod
    def by_collection(cls, collection: type[Any]) -> Mapper[Any]:
        """Return the mapper of a document class.

        Raises:
            KeyError: It is not mapped.
        """
        return REGISTRY.by_collection[collection]

    @classmethod
    def by_classname(cls, name: str) -> Mapper[Any]:
        """Return the mapper of a class by its name, with or without the module.

        Raises:
            KeyError: No mapped class is of that name.
        """
        return REGISTRY.named(name)

    @classmethod
    def all_mappers(cls) -> list[Mapper[Any]]:
        """Return all mappers there are."""
        return REGISTRY.all

    @classmethod
    def compile_all(cls) -> None:
        """Look up what all properties name; done one by one at first use otherwise.

        Raises:
            KeyError: No mapped class is of a name; all the others are looked up nevertheless.
        """
        errors: list[KeyError] = []
        for each in REGISTRY:
            try:
                each.compile()
            except KeyError as error:
                # What has been redefined since is of no interest.
                errors += [error] if REGISTRY.is_current(each) else []
        if errors:
            raise errors[0]

    @classmethod
    def ensure_all_indexes(cls) -> None:
        """Create the declared indexes of every class that has a collection and a synchronous session."""
        for each in REGISTRY:
            is_async = getattr(each.session, "is_async", False) is True
            if each.session and not is_async and each.manager.collection_name is not None:
                each.session.ensure_indexes(each.collection)

    @classmethod
    def clear_all(cls) -> None:
        """Forget all mappers but those of the library's own bases."""
        REGISTRY.clear()

    @classmethod
    def replace_session(cls, session: Any) -> None:
        """Let all mapped classes live in another session.

        Args:
            session: The session.
        """
        for each in REGISTRY:
            each.session = session
            meta = getattr(each.mapped_class, "__mongometa__", None)
            if meta is not None:
                meta.session = session
        cls.compile_all()
        cls.ensure_all_indexes()
