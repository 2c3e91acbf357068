"""Version chains as values: what a class and its ``version_of`` ancestors say about each other.

What hops are made of is imported when there is one: most classes have no older version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from ming import schema as S
from ming.evolve.keys import Shape, contested, shape_of
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from ming.evolve.hop import Hop
    from ming.evolve.step.sequence import Steps

__all__ = ["Chain", "StampField", "Version"]

MigrateFunction = Callable[[Any], Any]
HybridHandler = Callable[[dict[str, Any], list[type]], Any]


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a document class.

    Args:
        cls: The document class.
        schema: Its own schema, without the older versions.
        migrate: The function from a document of the version before to a dict of this one.
    """

    cls: type
    schema: S.Document
    migrate: MigrateFunction | None = None

    @cached_property
    def shape(self) -> Shape:
        """The keys this version declares."""
        return shape_of(self.schema)

    @cached_property
    def constants(self) -> dict[str, S.Value[Any]]:
        """The top-level fields that are constants."""
        return {name: item for name, item in self.schema.fields.items() if isinstance(item, S.Value)}

    @property
    def name(self) -> str:
        """How messages call this version."""
        return self.cls.__name__


@dataclass(frozen=True)
class StampField:
    """A constant field that tells versions apart."""

    name: str
    constants: Mapping[int, Any]
    """The constant of each version (by number) that declares one."""
    free: frozenset[int]
    """Versions that declare the field, but not as a constant."""

    def matching(self, value: Any) -> list[int]:
        """Numbers of the versions whose constant a stored value is."""
        return [number for number, constant in self.constants.items() if same_constant(constant, value)]


@dataclass(frozen=True, eq=False)
class Chain:
    """All versions of a document class, oldest first.

    Args:
        versions: At least one version.
        unstamped: The version of documents without a stamp, where the class says it outright.
        collection: Name of the collection, for messages.
        on_hybrid: Called with a hybrid raw document and the classes in question; ``raise`` and None raise.

    Raises:
        MingConfigError: ``unstamped`` where no version bears a stamp, an ``on_hybrid`` that is no function, or
            steps that write a stamp.
    """

    versions: tuple[Version, ...]
    collection: str | None = None
    unstamped: Version | None = None
    on_hybrid: HybridHandler | Literal["raise"] | None = None

    def __post_init__(self) -> None:
        if not callable(self.on_hybrid) and self.on_hybrid not in (None, "raise"):
            raise MingConfigError(
                f"{self.newest.name}: on_hybrid={self.on_hybrid!r}, expected 'raise' or a function"
            )
        if self.unstamped is not None and not self.stamps:
            # Every document of such a chain is without a stamp, those of the newest version included.
            raise MingConfigError(
                f"{self.newest.name}: unstamped={self.unstamped.name}, but no version has a stamp"
            )
        for hop in self.hops:
            hop.check()

    @property
    def newest(self) -> Version:
        """The version that documents are upgraded to."""
        return self.versions[-1]

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of all versions."""
        return tuple(version.shape for version in self.versions)

    @cached_property
    def stamps(self) -> tuple[StampField, ...]:
        """The constant fields whose constants tell versions apart."""
        names = {name for version in self.versions for name in version.constants}
        fields = (self._stamp_field(name) for name in sorted(names))
        return tuple(field for field in fields if field is not None)

    def _stamp_field(self, name: str) -> StampField | None:
        constants = {
            number: version.constants[name].value
            for number, version in enumerate(self.versions)
            if name in version.constants
        }
        first, *others = constants.values()
        if others and all(same_constant(first, other) for other in others):
            return None
        free = frozenset(
            number
            for number, version in enumerate(self.versions)
            if name in version.schema.fields and number not in constants
        )
        return StampField(name, constants, free)

    @cached_property
    def telling_stamp(self) -> tuple[str, Any] | None:
        """Name and constant of the stamp that alone tells the newest version from all others, if there is one."""
        newest = len(self.versions) - 1
        for stamp in self.stamps:
            constant = stamp.constants.get(newest)
            if len(self.stamps) == 1 and stamp.matching(constant) == [newest]:
                return stamp.name, constant
        return None

    @cached_property
    def hops(self) -> tuple[Hop, ...]:
        """The hops from version to version, oldest first."""
        from ming.evolve.hop import Hop

        pairs = pairwise(self.versions)
        return tuple(
            Hop(source, target, _steps_of(target), self._filter_of(number))
            for number, (source, target) in enumerate(pairs)
        )

    def _filter_of(self, number: int) -> dict[str, Any] | None:
        """A filter for the stored documents of a version, if one stamp tells them from all others."""
        if len(self.stamps) != 1:
            return None
        (stamp,) = self.stamps
        if number not in stamp.constants:
            # Documents without a stamp are of this version for sure only if the class says so.
            return {stamp.name: None} if self.versions[number] is self.unstamped else None
        constant = stamp.constants[number]
        return {stamp.name: constant} if stamp.matching(constant) == [number] else None

    @cached_property
    def contested(self) -> bool:
        """Whether some version would drop, as deprecated, a key that another one keeps."""
        return contested(self.shapes)

    def number_of(self, cls: type) -> int:
        """The number of the version of a class; 0 is the oldest."""
        return [version.cls for version in self.versions].index(cls)

    def fields_since(self, cls: type) -> set[str]:
        """The top-level fields declared by the version of a class or by a newer one."""
        return {name for version in self.versions[self.number_of(cls) :] for name in version.schema.fields}

    def hops_from(self, version: Version) -> tuple[Hop, ...]:
        """The hops from one version to the newest."""
        return self._ways[version]

    @cached_property
    def _ways(self) -> dict[Version, tuple[Hop, ...]]:
        return {version: self.hops[number:] for number, version in enumerate(self.versions)}

    def required_stamps(self, version: Version) -> bool:
        """Whether every document of a version must bear a stamp."""
        names = {field.name for field in self.stamps}
        return any(name in names and item.required for name, item in version.constants.items())


def _steps_of(version: Version) -> Steps | None:
    from ming.evolve.step.sequence import Steps

    return version.migrate if isinstance(version.migrate, Steps) else None


_NUMBERS: Final = (int, float)


def same_constant(constant: Any, value: Any) -> bool:
    """Whether a stored value is a constant, as the server compares: true is not 1, and 1.0 is."""
    if isinstance(constant, bool) or isinstance(value, bool):
        return constant is value
    return bool(constant == value)


def ordered_after(value: Any, constant: Any) -> bool:
    """Whether a stored stamp comes after a constant of the same kind, number or text."""
    if isinstance(value, bool) or isinstance(constant, bool):
        return False
    if isinstance(value, _NUMBERS) and isinstance(constant, _NUMBERS):
        return value > constant
    return isinstance(value, str) and isinstance(constant, str) and value > constant
