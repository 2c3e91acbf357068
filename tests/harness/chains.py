"""Version chains for tests, declared in a line or two."""

from __future__ import annotations

from typing import Any

from harness.model_chains import MODEL_CHAINS, orders, pages, people
from ming import Document, Field
from ming import schema as S
from ming._base_manager import manager_of
from ming.evolve.chain import Chain

__all__ = ["MODEL_CHAINS", "chain_of", "declare", "orders", "pages", "people", "wiki_classes"]


def declare(session: Any, *bodies: dict[str, Any], **options: Any) -> Any:
    """Declare the versions of a document class and return the newest; the others are V1, V2, ...

    Args:
        session: What the classes read and write through.
        bodies: The fields of each version, oldest first, as specs; ``migrate`` is the function, and makes
            nothing of the older version where it is left out.
        options: Of ``__mongometa__`` of the newest version.
    """
    cls: Any = None
    for number, body in enumerate(bodies, 1):
        fields = dict(body)
        meta: dict[str, Any] = {"name": "docs", "session": session}
        if cls is not None:
            migrate = fields.pop("migrate", lambda old: {})
            meta |= {"version_of": cls, "migrate": staticmethod(migrate)}
        if number == len(bodies):
            meta |= options
        declared = {
            name: spec if isinstance(spec, Field) else Field(name, spec)
            for name, spec in {"_id": S.Anything, **fields}.items()
        }
        cls = type(f"V{number}", (Document,), {"__mongometa__": type("__mongometa__", (), meta), **declared})
    return cls


def chain_of(cls: Any) -> Chain:
    """The version chain of a document class."""
    return manager_of(cls).chain


def wiki_classes(session: Any, **options: Any) -> tuple[Any, Any]:
    """The classic example: tags and categories leave their sub-document.

    Args:
        session: What the classes read and write through.
        options: Of ``__mongometa__`` of the newer class.
    """
    meta = {"name": "pages", "session": session}

    class OldWikiPage(Document):
        __mongometa__ = type("__mongometa__", (), meta)
        _id = Field(S.Anything)
        title = Field(str)
        text = Field(str)
        metadata = Field({"tags": [str], "categories": [str]})
        views = Field(int, if_missing=0)

    def migrate(old: Any) -> dict[str, Any]:
        return {
            "title": old.title,
            "text": old.text,
            "tags": old.metadata.tags,
            "categories": old.metadata.categories,
            "views": old.views,
        }

    class WikiPage(Document):
        __mongometa__ = type(
            "__mongometa__",
            (),
            {"version_of": OldWikiPage, "migrate": staticmethod(migrate), **meta, **options},
        )
        _id = Field(S.Anything)
        version = Field(1)
        title = Field(str)
        text = Field(str)
        tags = Field([str])
        categories = Field([str])
        views = Field(int, if_missing=0)

    return OldWikiPage, WikiPage
