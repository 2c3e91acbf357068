"""The item behind document classes, and how it dispatches on a discriminator."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ming import schema as S
from ming._values import KEEP_ASIDE


class Base(S.BaseObject):
    _manager: Any

    def __init__(self, *args: Any) -> None:
        raise AssertionError("an instance out of a schema is made without __init__")


class Derived(Base):
    pass


def managed(
    cls: type[Base], fields: dict[str, Any], registry: Any = None, identity: Any = None
) -> S.Document:
    """Return the schema of a class, and give the class a manager that makes its documents."""
    schema = S.Document(fields)
    schema.managed_class = cls
    schema.set_polymorphic("kind" if registry is not None else None, registry, identity)
    cls._manager = SimpleNamespace(make=lambda data, **options: schema.validate(data, **options))
    return schema


@pytest.fixture
def family() -> S.Document:
    registry: dict[Any, Any] = {}
    base = managed(Base, {"kind": str, "a": int}, registry, "base")
    managed(Derived, {"kind": str, "b": int}, registry, "derived")
    return base


def test_a_result_is_an_instance_of_the_class() -> None:
    made = managed(Base, {"a": int}).validate({"a": 1.0})
    assert type(made) is Base
    assert made == {"a": 1}


def test_without_a_class_a_result_is_a_plain_object() -> None:
    made = S.Document({"a": int}).validate({})
    assert type(made) is S.BaseObject
    assert made == {"a": None}


def test_the_default_is_a_plain_object() -> None:
    made = managed(Base, {"a": int}).validate(S.Missing)
    assert type(made) is S.BaseObject
    assert made == {"a": None}


def test_at_first_nothing_is_managed() -> None:
    schema = S.Document()
    assert schema.managed_class is schema.polymorphic_on is schema.polymorphic_registry is None


def test_without_a_discriminator_nothing_is_registered() -> None:
    registry: dict[Any, Any] = {}
    schema = S.Document()
    schema.managed_class = Base
    schema.set_polymorphic(None, registry, "base")
    assert registry == {}
    assert schema.get_polymorphic_cls({"kind": "other"}) is Base


@pytest.mark.parametrize(
    ("data", "cls", "result"),
    [
        ({"kind": "base"}, Base, {"kind": "base", "a": None}),
        ({"kind": "derived", "b": 1}, Derived, {"kind": "derived", "b": 1}),
        ({}, Base, {"kind": None, "a": None}),
    ],
)
def test_the_discriminator_chooses_the_class(family: S.Document, data: Any, cls: type, result: Any) -> None:
    assert family.get_polymorphic_cls(data) is cls
    made = family.validate(data)
    assert type(made) is cls
    assert made == result


def test_a_document_without_discriminator_counts_as_the_class_asked(family: S.Document) -> None:
    assert type(Derived._manager.make({})) is Derived


def test_options_reach_the_other_class(family: S.Document) -> None:
    data = {"kind": "derived", "x": 1}
    with pytest.raises(S.Invalid, match=r"^Extra keys: \{'x'\}$"):
        family.validate(data)
    assert family.validate(data, allow_extra=True) == {"kind": "derived", "x": 1, "b": None}
    made = family.validate(data, allow_extra=True, strip_extra=KEEP_ASIDE)
    assert made == {"kind": "derived", "b": None}
    assert made._origin.unknown == {"x": 1}


@pytest.mark.parametrize("kind", ["other", None, ["unhashable"]])
def test_an_unknown_discriminator_is_refused(family: S.Document, kind: Any) -> None:
    data = {"kind": kind}
    with pytest.raises(S.Invalid) as caught:
        family.validate(data)
    assert str(caught.value) == f"kind:{kind!r} is not among the known identities ['base', 'derived']"
    assert caught.value.value is data
    assert caught.value.path == "kind"


def test_looking_up_an_unknown_discriminator_is_a_key_error(family: S.Document) -> None:
    with pytest.raises(KeyError, match="other"):
        family.get_polymorphic_cls({"kind": "other"})


@pytest.mark.parametrize("value", [None, 5, "kind"])
def test_what_is_no_dict_is_refused(family: S.Document, value: Any) -> None:
    with pytest.raises(S.Invalid, match="^notdict: "):
        family.validate(value)
