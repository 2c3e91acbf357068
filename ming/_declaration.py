"""What a document class declares about itself, beside its fields and indexes."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ming.exc import MingConfigError

__all__ = ["DRIVER_OPTIONS", "Declaration"]

DRIVER_OPTIONS = (
    "read_preference",
    "write_concern",
    "read_concern",
    "hint",
    "collation",
    "comment",
    "max_time_ms",
)
"""Options of the driver that a class may declare for all its calls."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "unknown": ("keep", "strip", "forbid"),
    "save": ("document", "changes"),
    "on_load": ("never", "on_save", "on_read"),
}
_FUNCTIONS = ("migrate", "before_save")


@dataclass
class Declaration:
    """Everything but fields and indexes.

    Args:
        name: Name of the collection.
        session: Session, or a proxy of one.
        polymorphic_on: Key that tells the classes of one collection apart.
        polymorphic_identity: This class's value of that key.
        polymorphic_registry: Classes by their values of that key.
        registers: Whether the class enters itself into the registry.
        version_of: The document class of the version before this one.
        migrate: Function from a document of that version to a dict of this one.
        unstamped: The version of stored documents without a stamp.
        on_hybrid: Called with a stored document that no version declares all keys of.
        unknown: What becomes of stored keys without a field: kept out of sight, lost at the next save, refused.
        save: Whether a save sends the whole document or what changed since it was read.
        on_load: When a document read in an older version is stored in the newest: never by this program, at its
            next save, or as soon as it is read.
        before_save: Hook that runs before a document is stored.
        driver_options: Options for the driver.
    """

    name: str | None = None
    session: Any = None
    polymorphic_on: str | None = None
    polymorphic_identity: Any = None
    polymorphic_registry: MutableMapping[Any, type[Any]] | None = None
    registers: bool = True
    version_of: Any = None
    migrate: Callable[[Any], Any] | None = None
    unstamped: Any = None
    on_hybrid: Callable[[dict[str, Any], list[type]], Any] | None = None
    unknown: Literal["keep", "strip", "forbid"] = "keep"
    save: Literal["document", "changes"] = "document"
    on_load: Literal["never", "on_save", "on_read"] = "on_save"
    before_save: Callable[[Any], Any] | None = None
    driver_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for option, choices in _CHOICES.items():
            value = getattr(self, option)
            if value not in choices:
                raise MingConfigError(
                    f"{self.name}: {option}={value!r}, expected one of {', '.join(choices)}"
                )
        for option in _FUNCTIONS:
            value = getattr(self, option)
            if value is not None and not callable(value):
                raise MingConfigError(f"{self.name}: {option}={value!r}, expected a function")
        # The type is asked, because a proxy would make its session to answer.
        if getattr(type(self.session), "is_async", False) is True:
            raise MingConfigError(
                f"{self.name}: an asynchronous session cannot be declared on the class; "
                "use asession.find(Page, ...) or Page.m.with_session(asession)"
            )
