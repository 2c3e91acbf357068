"""Inference: from sampled documents to shapes, and to a module of classes that was tried on them all."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ming import Document
from ming.exc import MingException
from ming.infer.clusters import Cluster, Clusters, clusters_of
from ming.infer.items import Items, Policy
from ming.infer.observed import Observed, observed
from ming.infer.source import Module, Seen

__all__ = ["Inference", "Shape", "infer"]

_CAUTIOUS: Final = Policy(required=False, options=False, steps=False)
_POLICIES: Final = (
    Policy(),
    Policy(steps=False),
    _CAUTIOUS,
    Policy(required=False, options=False, steps=False, types=False),
)
"""How far to go; if the classes do not read every document, less far."""


@dataclass(frozen=True)
class Shape:
    """One shape of a collection's documents."""

    name: str
    """The name of its class."""
    count: int
    """How many documents have it."""
    share: float
    """Their share, between 0 and 1."""
    stamp: int | str | None
    """Their value of the stamp; None if they bear none."""
    fields: Mapping[str, Mapping[str, Any]]
    """By path, ``[]`` for the items of a list: the share of those that have it, the types of its values, and the
    options, if there are few."""


@dataclass(frozen=True, eq=False)
class Inference:
    """What the documents of a collection tell about it.

    Args:
        collection: Name of the collection.
        documents: Some of its documents.
        extra: More of them, which do not count for shares.
    """

    collection: str
    documents: tuple[dict[str, Any], ...]
    extra: tuple[dict[str, Any], ...] = ()

    def source(self) -> str:
        """Return a module of document classes, oldest to newest, that reads each of the documents."""
        return self._module.source

    @property
    def stamp(self) -> str | None:
        """The field that tells the shapes apart, if there is one."""
        return self._clusters.stamp

    @property
    def steps(self) -> tuple[tuple[str, ...], ...]:
        """The guessed steps from each shape to the next, as source text."""
        return tuple(tuple(map(str, guesses)) for guesses in self._module.guesses)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes, the oldest first."""
        clusters = self._clusters.clusters
        return tuple(self._shape(number, cluster) for number, cluster in enumerate(clusters))

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "collection": self.collection,
            "documents": len(self.documents),
            "stamp": self.stamp,
            "shapes": [
                {**vars(shape), "fields": {path: dict(field) for path, field in shape.fields.items()}}
                for shape in self.shapes
            ],
            "steps": [list(steps) for steps in self.steps],
        }

    # -- shapes

    @cached_property
    def _clusters(self) -> Clusters:
        return clusters_of([*self.documents, *self.extra])

    def _counted(self, cluster: Cluster) -> int:
        extra = set(map(id, self.extra))
        return sum(id(document) not in extra for document in cluster.documents)

    def _share(self, cluster: Cluster) -> float:
        return self._counted(cluster) / (len(self.documents) or 1)

    def _shape(self, number: int, cluster: Cluster) -> Shape:
        seen = observed(cluster.documents)
        items = Items(Policy())
        fields = {".".join(path): _field(inner, seen.count, items) for path, inner in seen.walk()}
        name = self._module.name(min(number, len(self._module.shapes) - 1))
        return Shape(name, self._counted(cluster), self._share(cluster), cluster.stamp, fields)

    # -- the module

    @cached_property
    def _module(self) -> Module:
        """The module that goes farthest, of those that read every document."""
        clusters = self._clusters
        shapes = [
            Seen(observed(cluster.documents), self._share(cluster), cluster.stamp)
            for cluster in clusters.clusters
        ]
        for policy in _POLICIES:
            module = Module(self.collection, shapes, clusters.stamp, policy, len(self.documents))
            if self._reads_all(module):
                return module
        everything = Seen(observed([*self.documents, *self.extra]), 1.0)
        return Module(self.collection, [everything], None, _POLICIES[-1], len(self.documents))

    def _reads_all(self, module: Module) -> bool:
        names: dict[str, Any] = {"__name__": "inferred"}
        try:
            # Source of our own making: what comes out of documents stands in it as literals only.
            exec(compile(module.source, "<inferred>", "exec"), names)
            newest: type[Document] = names[module.name(len(module.shapes) - 1)]
            load = newest._manager.loader()
            for document in (*self.documents, *self.extra):
                load(copy.deepcopy(document))
        except MingException:
            return False
        return True


def _field(seen: Observed, total: int, items: Items) -> dict[str, Any]:
    options = items.options(seen)
    return {
        "share": seen.count / total,
        "types": dict(seen.types),
        **({"options": options} if options else {}),
    }


def infer(
    documents: Iterable[Mapping[str, Any]],
    collection: str = "documents",
    extra: Iterable[Mapping[str, Any]] = (),
) -> Inference:
    """Find the shapes of stored documents, and classes for them.

    Args:
        documents: Raw documents of one collection; a random sample, or all of them.
        collection: Its name.
        extra: More of its documents, which the classes must read, but which do not count for shares.
    """
    return Inference(collection, tuple(map(dict, documents)), tuple(map(dict, extra)))
