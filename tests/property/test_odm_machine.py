"""Whatever programs do with mapped objects, and others with the documents, database and memory are as expected.

A few hundred sequences run by default; ``MING_TEST_SEQUENCES=2000`` runs as many on the embedded engine, and a
tenth of that on a server, with other sequences each time.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from harness.stores import MimStore, MongodStore, Store
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pymongo.errors import DuplicateKeyError

from ming import create_datastore
from ming import schema as S
from ming.exc import StaleObject
from ming.odm import (
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    MapperExtension,
    ODMSession,
    RelationProperty,
    state,
)
from ming.odm.registry import REGISTRY

SEQUENCES = int(os.environ.get("MING_TEST_SEQUENCES", "0"))
Raw = dict[str, Any]

session = ODMSession()


class Calls(MapperExtension):
    """Wants to be called for each object, so that nothing is stored in bulk."""

    def after_update(self, obj: Any, state: Any, session: Any) -> None:
        """Need not do anything."""


def node_class(name: str, extensions: Any) -> Any:
    meta = type("__mongometa__", (), {"session": session, "name": "node", "extensions": extensions})
    properties = {
        "__mongometa__": meta,
        "_id": FieldProperty(S.Int),
        "name": FieldProperty(str),
        "count": FieldProperty(int),
        "tags": FieldProperty([str]),
        "info": FieldProperty(S.Object({"a": S.Int, "list": [S.Int]})),
        "anything": FieldProperty(S.Anything),
        "parent_id": ForeignIdProperty(name),
        "friend_ids": ForeignIdProperty(name, uselist=True),
        "parent": RelationProperty(name, via=("parent_id", True)),
        "children": RelationProperty(name, via=("parent_id", False)),
        "friends": RelationProperty(name, via=("friend_ids", True)),
        "fans": RelationProperty(name, via=("friend_ids", False)),
    }
    return type(name, (MappedClass,), properties)


FIELDS = ("name", "count", "tags", "info", "anything", "parent_id", "friend_ids")

# -- changes, which plain and tracked containers take alike

words = st.sampled_from(["", "a", "b", "c"])
numbers = st.integers(-2, 3)
values = st.recursive(
    words | numbers | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
VALUES = {
    "name": words,
    "count": numbers,
    "tags": st.lists(words, max_size=3),
    "info": st.fixed_dictionaries({"a": numbers, "list": st.lists(numbers, max_size=3)}),
    "anything": values,
}
DEFAULTS: Raw = {"name": None, "count": None, "tags": [], "info": {"a": None, "list": []}}


def loaded(raw: Raw) -> Raw:
    """A stored document as it is in memory."""
    return copy.deepcopy({**DEFAULTS, **raw})


def by_repr(value: Any) -> str:
    return repr(value).replace("I{", "{").replace("I[", "[")


def multiply(target: Any) -> None:
    if type(target) is list:
        target.extend(copy.deepcopy(target))
    else:
        target *= 2


def set_slice(target: Any, value: Any) -> None:
    target[1:2] = [value, copy.deepcopy(value)]


def in_place(target: Any, operation: str, value: Any) -> None:
    assert getattr(target, operation)(value) is target


ON_LISTS: dict[str, Callable[[Any, Any], Any]] = {
    "append": lambda target, value: target.append(value),
    "extend": lambda target, value: target.extend([value, copy.deepcopy(value)]),
    "+=": lambda target, value: in_place(target, "__iadd__", [value]),
    "insert": lambda target, value: target.insert(0, value),
    "insert in the middle": lambda target, value: target.insert(1, value),
    "set": lambda target, value: target.__setitem__(0, value),
    "set a slice": set_slice,
    "replace all": lambda target, value: target.__setitem__(slice(None), [value]),
    "multiply": lambda target, value: multiply(target),
    "multiply by zero": lambda target, value: in_place(target, "__imul__", 0),
    "pop": lambda target, value: target.pop(),
    "pop the first": lambda target, value: target.pop(0),
    "remove": lambda target, value: target.remove(value),
    "delete": lambda target, value: target.__delitem__(-1),
    "delete a slice": lambda target, value: target.__delitem__(slice(0, 2)),
    "sort": lambda target, value: target.sort(key=by_repr),
    "sort backwards": lambda target, value: target.sort(key=by_repr, reverse=True),
    "reverse": lambda target, value: target.reverse(),
    "clear": lambda target, value: target.clear(),
}
ON_DICTS: dict[str, Callable[[Any, Any], Any]] = {
    "set": lambda target, value: target.__setitem__("a", value),
    "set another": lambda target, value: target.__setitem__("b", value),
    "update": lambda target, value: target.update({"a": value}, b=copy.deepcopy(value)),
    "|=": lambda target, value: in_place(target, "__ior__", {"c": value}),
    "setdefault": lambda target, value: by_repr(target.setdefault("b", value)),
    "delete": lambda target, value: target.__delitem__("a"),
    "pop": lambda target, value: target.pop("a"),
    "pop or default": lambda target, value: target.pop("b", None),
    "popitem": lambda target, value: target.popitem(),
    "clear": lambda target, value: target.clear(),
}


def outcome(change: Callable[[Any, Any], Any], target: Any, value: Any) -> Any:
    """What a change returns, or the error it raises."""
    try:
        return change(target, copy.deepcopy(value))
    except (IndexError, KeyError, ValueError) as error:
        return type(error)


# -- the model


@dataclass
class Held:
    """An object in the session, as it should be."""

    obj: Any
    document: Raw
    stored: Raw | None
    """What was stored when the object was loaded or last flushed; None for a new one."""
    touched: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """Fields that were deleted, and not read since."""
    is_deleted: bool = False

    def changes(self) -> set[str]:
        """The fields to store: containers only if they differ."""
        assert self.stored is not None
        return self.gone | {
            name
            for name in self.touched
            if not isinstance(self.document[name], (dict, list)) or self.document[name] != self.stored[name]
        }

    def settle(self) -> None:
        """Is stored."""
        self.stored = copy.deepcopy(self.document)
        self.touched.clear()
        self.gone.clear()

    def copied(self) -> Held:
        """The same of the same object, to go back to."""
        parts = copy.deepcopy((self.document, self.stored, self.touched, self.gone))
        return Held(self.obj, *parts, self.is_deleted)


class Abandoned(Exception):
    """Ends a transaction whose work is not wanted."""


class Machine(RuleBasedStateMachine):
    """A session, its database, and what both should hold."""

    classes: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        super().__init__()
        session.clear()
        self.collection = session.db["node"]
        self.collection.delete_many({})
        self.database: dict[int, Raw] = {}
        self.memory: dict[int, Held] = {}
        self.ids = 0
        self.inserted_by_others: set[int] = set()
        self.cls: Any = None

    @initialize(singly=st.booleans(), several=st.lists(st.fixed_dictionaries(VALUES), min_size=2, max_size=4))
    def begin(self, singly: bool, several: list[Raw]) -> None:
        """Begin with a few objects that are stored."""
        self.cls = self.classes[singly]
        for values in several:
            self.create(values)
        self.flush()

    def held(self, choice: int) -> tuple[int, Held]:
        return list(self.memory.items())[choice % len(self.memory)]

    def others(self, choices: list[int]) -> list[Held]:
        """Objects that are there to stay, each once."""
        staying = [each for _id, each in self.memory.items() if self.is_certain(_id)]
        chosen = {
            id(each): each for each in (staying[choice % len(staying)] for choice in choices if staying)
        }
        return list(chosen.values())

    def is_certain(self, _id: int) -> bool:
        """Whether an object or document is there for everybody.

        Neither is it about to be deleted, nor have others deleted it, or inserted it, which relations that were
        read do not notice.
        """
        if _id in self.inserted_by_others:
            return False
        held = self.memory.get(_id)
        if held is None:
            return _id in self.database
        return not held.is_deleted and (held.stored is None or _id in self.database)

    def document(self, _id: int) -> Raw:
        return self.memory[_id].document if _id in self.memory else self.database[_id]

    def enter(self, obj: Any) -> None:
        """Take an object into the model, if it was not there."""
        if obj._id not in self.memory:
            raw = self.database[obj._id]
            self.memory[obj._id] = Held(obj, loaded(raw), loaded(raw))
        assert self.memory[obj._id].obj is obj

    def put(self, held: Held, name: str, value: Any) -> None:
        if held.document[name] == value:
            # Nothing changes.
            return
        held.document[name] = value
        held.touched.add(name)

    # -- what a program does

    @rule(values=st.fixed_dictionaries(VALUES))
    def create_one(self, values: Raw) -> None:
        self.create(values)

    def create(self, values: Raw) -> None:
        self.ids += 1
        document = {"_id": self.ids, **values, "parent_id": None, "friend_ids": []}
        obj = self.cls(**copy.deepcopy(document))
        self.memory[self.ids] = Held(obj, document, None)

    @rule(choice=st.integers(0, 9))
    def get(self, choice: int) -> None:
        _id = choice % (self.ids + 1)
        obj = self.cls.query.get(_id=_id)
        assert (obj is not None) == (_id in self.database or _id in self.memory)
        if obj is not None:
            self.enter(obj)

    @rule(each=st.booleans())
    def find(self, each: bool) -> None:
        cursor = self.cls.query.find({}).sort("_id")
        objects = list(cursor) if each else cursor.all()
        assert [obj.__ming__.document["_id"] for obj in objects] == sorted(self.database)
        for obj in objects:
            self.enter(obj)

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), name=st.sampled_from(sorted(VALUES)), data=st.data())
    def assign(self, choice: int, name: str, data: st.DataObject) -> None:
        _, held = self.held(choice)
        value = data.draw(VALUES[name])
        setattr(held.obj, name, copy.deepcopy(value))
        self.put(held, name, value)

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), on_list=st.sampled_from(sorted(ON_LISTS)), data=st.data())
    def change_list(self, choice: int, on_list: str, data: st.DataObject) -> None:
        self.change_inside(choice, "tags", [], on_list, "", data)

    @precondition(lambda self: self.memory)
    @rule(
        choice=st.integers(0, 9),
        name=st.sampled_from(["info", "anything"]),
        path=st.lists(st.integers(0, 3), max_size=3),
        on_list=st.sampled_from(sorted(ON_LISTS)),
        on_dict=st.sampled_from(sorted(ON_DICTS)),
        data=st.data(),
    )
    def change_nested(
        self, choice: int, name: str, path: list[int], on_list: str, on_dict: str, data: st.DataObject
    ) -> None:
        self.change_inside(choice, name, path, on_list, on_dict, data)

    def change_inside(
        self, choice: int, name: str, path: list[int], on_list: str, on_dict: str, data: st.DataObject
    ) -> None:
        """Change a field's container, or one inside it."""
        _, held = self.held(choice)
        expected, found = held.document[name], getattr(held.obj, name)
        for step in path if name == "anything" else path[:1]:
            if not isinstance(expected, (dict, list)):
                break
            keys: Any = expected if isinstance(expected, dict) else range(len(expected))
            inner = [key for key in keys if isinstance(expected[key], (dict, list))]
            if not inner:
                break
            key = inner[step % len(inner)]
            expected, found = expected[key], found[key]
        if not isinstance(expected, (dict, list)) or len(expected) > 8:
            return
        if isinstance(expected, list):
            change = ON_LISTS[on_list]
        else:
            change = ON_DICTS[on_dict]
        # What is stored has to be valid when it is loaded again.
        kinds = {"tags": words, "anything": values}
        inside_info = numbers if isinstance(expected, list) else None
        kind = kinds.get(name, inside_info)
        if kind is None:
            change, kind = ON_DICTS["set"], numbers
        value = data.draw(kind)
        assert outcome(change, found, value) == outcome(change, expected, value)
        held.touched.add(name)

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), name=st.sampled_from(sorted(DEFAULTS)), is_flushed=st.booleans())
    def delete_field(self, choice: int, name: str, is_flushed: bool) -> None:
        """It is unset, unless it is read before: then its default is stored."""
        _id, held = self.held(choice)
        delattr(held.obj, name)
        held.document[name] = copy.deepcopy(DEFAULTS[name])
        held.touched.add(name)
        if is_flushed:
            held.gone.add(name)
            self.flush_expecting([_id], lambda: session.flush(held.obj))
        assert getattr(held.obj, name) == DEFAULTS[name]

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9))
    def delete(self, choice: int) -> None:
        _, held = self.held(choice)
        held.obj.delete()
        held.is_deleted = True

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9))
    def refresh(self, choice: int) -> None:
        _id, held = self.held(choice)
        found = session.refresh(held.obj)
        if state(held.obj).status == "new":
            assert found is None
        elif _id not in self.database:
            if held.stored is not None or held.is_deleted:
                assert found is None
                del self.memory[_id]
        else:
            assert found is held.obj
            self.memory[_id] = Held(held.obj, loaded(self.database[_id]), loaded(self.database[_id]))

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), everything=st.booleans())
    def let_go(self, choice: int, everything: bool) -> None:
        _id, held = self.held(choice)
        if everything:
            session.clear()
            self.memory.clear()
            self.inserted_by_others.clear()
        else:
            session.expunge(held.obj)
            del self.memory[_id]

    @rule()
    def flush_all(self) -> None:
        self.flush()

    def flush(self) -> None:
        self.flush_expecting(list(self.memory), session.flush)

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9))
    def flush_one(self, choice: int) -> None:
        _id, held = self.held(choice)
        self.flush_expecting([_id], lambda: session.flush(held.obj))

    def flush_expecting(self, ids: list[int], flush: Callable[[], None]) -> None:
        """Flush; what fails is mended by letting it go, until the flush goes through."""
        order = [own.document["_id"] for own in session.uow.states()]
        waiting = [_id for _id in order if _id in ids]
        while True:
            failing = next((_id for _id in waiting if self.is_refused(_id)), None)
            stored = waiting if failing is None else waiting[: waiting.index(failing)]
            if failing is None:
                flush()
            elif session.in_transaction:
                # Whether a document has vanished is asked for after the others were sent.
                with pytest.raises((DuplicateKeyError, StaleObject), match=self.cls.__name__):
                    flush()
                raise Abandoned
            else:
                kind = DuplicateKeyError if self.memory[failing].stored is None else StaleObject
                with pytest.raises(kind, match=self.cls.__name__) as caught:
                    flush()
                assert f"_id {failing}:" in str(caught.value) or f" {failing}" in str(caught.value)
            for _id in stored:
                self.expect_stored(_id)
            if failing is None:
                return
            session.expunge(self.memory.pop(failing).obj)
            waiting = waiting[waiting.index(failing) + 1 :]
            if len(ids) == 1:
                return

    def is_refused(self, _id: int) -> bool:
        held = self.memory[_id]
        if held.is_deleted:
            return False
        if held.stored is None:
            return _id in self.database
        return _id not in self.database and bool(held.changes())

    def expect_stored(self, _id: int) -> None:
        held = self.memory[_id]
        if held.is_deleted:
            self.database.pop(_id, None)
            del self.memory[_id]
            return
        if held.stored is None:
            kept = {name: value for name, value in held.document.items() if name not in held.gone}
            self.database[_id] = copy.deepcopy(kept)
        elif _id in self.database:
            raw = self.database[_id]
            for name in held.changes():
                before, value = held.stored[name], copy.deepcopy(held.document[name])
                if name in held.gone:
                    raw.pop(name, None)
                elif isinstance(before, list) and isinstance(value, list) and value[: len(before)] == before:
                    raw[name] = raw.get(name, []) + value[len(before) :]
                else:
                    raw[name] = value
        held.settle()
        assert state(held.obj).status == "clean"

    # -- relations

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), other=st.none() | st.integers(0, 9))
    def set_parent(self, choice: int, other: int | None) -> None:
        _, held = self.held(choice)
        parents = [] if other is None else self.others([other])
        held.obj.parent = parents[0].obj if parents else None
        self.put(held, "parent_id", parents[0].document["_id"] if parents else None)

    @precondition(lambda self: self.memory)
    @rule(choice=st.integers(0, 9), choices=st.lists(st.integers(0, 9), max_size=3))
    def set_friends(self, choice: int, choices: list[int]) -> None:
        _, held = self.held(choice)
        friends = self.others(choices)
        held.obj.friends = [each.obj for each in friends]
        self.put(held, "friend_ids", [each.document["_id"] for each in friends])

    @precondition(lambda self: self.memory)
    @rule(
        choice=st.integers(0, 9),
        name=st.sampled_from(["children", "fans"]),
        choices=st.lists(st.integers(0, 9), max_size=3),
    )
    def set_other_side(self, choice: int, name: str, choices: list[int]) -> None:
        """Give other objects the foreign id, and take it from those that have it."""
        _id, held = self.held(choice)
        key = {"children": "parent_id", "fans": "friend_ids"}[name]
        there = [each for each in {*self.memory, *self.database} if self.refers(each, key, _id)]
        if not all(map(self.is_certain, [_id, *there])):
            return
        if held.stored is None and not self.memory.keys() >= {*there}:
            # Nobody asks the database who refers to an object that is not stored yet.
            return
        chosen = self.others(choices)
        setattr(held.obj, name, [each.obj for each in chosen])
        self.enter_loaded()
        wanted = {each.document["_id"] for each in chosen}
        for each in {*there} ^ wanted:
            other = self.memory[each]
            others_ids = [friend for friend in other.document["friend_ids"] if friend != _id]
            if key == "parent_id":
                self.put(other, key, _id if each in wanted else None)
            else:
                self.put(other, key, [*others_ids, _id] if each in wanted else others_ids)

    def refers(self, _id: int, key: str, other: int) -> bool:
        value = self.document(_id)[key]
        return other in value if isinstance(value, list) else value == other

    @precondition(lambda self: self.memory)
    @rule(data=st.data())
    def read_relations(self, data: st.DataObject) -> None:
        """Of some objects, one after the other."""
        for _id in data.draw(st.lists(st.sampled_from(sorted(self.memory)), unique=True)):
            self.read_relations_of(_id, self.memory[_id])

    def read_relations_of(self, _id: int, held: Held) -> None:
        if not self.is_certain(_id):
            return
        known = [each for each in {*self.memory, *self.database} if self.is_certain(each)]
        parent_id, friend_ids = held.document["parent_id"], held.document["friend_ids"]
        expected = {
            "parent": [each for each in known if each == parent_id],
            "children": [each for each in known if self.document(each)["parent_id"] == _id],
            "friends": [each for each in known if each in friend_ids],
            "fans": [each for each in known if _id in self.document(each)["friend_ids"]],
        }
        for name, ids in expected.items():
            found = getattr(held.obj, name)
            objects = [] if found is None else list(found) if name != "parent" else [found]
            certain = [obj for obj in objects if self.is_certain(obj.__ming__.document["_id"])]
            assert sorted(obj._id for obj in certain) == sorted(ids), name
            for obj in certain:
                self.enter(obj)
        self.enter_loaded()

    def enter_loaded(self) -> None:
        """Take what relations have loaded along into the model."""
        for obj in session.uow:
            self.enter(obj)

    # -- transactions

    @precondition(lambda self: self.memory)
    @rule(commits=st.booleans(), data=st.data())
    def in_a_transaction(self, commits: bool, data: st.DataObject) -> None:
        """Do several things, all of them or none; an error in one of them is the end of it."""
        memory = {_id: held.copied() for _id, held in self.memory.items()}
        database = copy.deepcopy(self.database)
        with suppress(Abandoned), session.begin(transaction=True):
            for action in data.draw(st.lists(st.sampled_from(sorted(self.ACTIONS)), max_size=5)):
                self.act(action, data)
            self.flush()
            if commits:
                return
            raise Abandoned
        self.memory, self.database = memory, database

    ACTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "create_one": {"values": st.fixed_dictionaries(VALUES)},
        "get": {"choice": st.integers(0, 9)},
        "find": {"each": st.booleans()},
        "assign": {"choice": st.integers(0, 9), "name": st.sampled_from(sorted(VALUES))},
        "change_list": {"choice": st.integers(0, 9), "on_list": st.sampled_from(sorted(ON_LISTS))},
        "delete_field": {
            "choice": st.integers(0, 9),
            "name": st.sampled_from(sorted(DEFAULTS)),
            "is_flushed": st.booleans(),
        },
        "delete": {"choice": st.integers(0, 9)},
        "refresh": {"choice": st.integers(0, 9)},
        "flush_all": {},
        "flush_one": {"choice": st.integers(0, 9)},
        "set_parent": {"choice": st.integers(0, 9), "other": st.none() | st.integers(0, 9)},
        "read_relations": {},
    }

    def act(self, name: str, data: st.DataObject) -> None:
        """Do what a rule does."""
        if not self.memory and name != "create_one":
            return
        arguments = {key: data.draw(values) for key, values in self.ACTIONS[name].items()}
        if name in ("assign", "change_list", "read_relations"):
            arguments["data"] = data
        getattr(self, name)(**arguments)
        self.memory_is_as_expected()

    # -- what others do

    @precondition(lambda self: self.database)
    @rule(choice=st.integers(0, 9), name=st.sampled_from(["name", "count", "tags"]), data=st.data())
    def others_set(self, choice: int, name: str, data: st.DataObject) -> None:
        _id = list(self.database)[choice % len(self.database)]
        value = data.draw(VALUES[name])
        self.collection.update_one({"_id": _id}, {"$set": {name: value}})
        self.database[_id][name] = copy.deepcopy(value)

    @precondition(lambda self: self.database)
    @rule(choice=st.integers(0, 9), items=st.lists(words, min_size=1, max_size=2))
    def others_append(self, choice: int, items: list[str]) -> None:
        _id = list(self.database)[choice % len(self.database)]
        self.collection.update_one({"_id": _id}, {"$push": {"tags": {"$each": items}}})
        self.database[_id].setdefault("tags", []).extend(items)

    @precondition(lambda self: self.database)
    @rule(choice=st.integers(0, 9))
    def others_delete(self, choice: int) -> None:
        _id = list(self.database)[choice % len(self.database)]
        self.collection.delete_one({"_id": _id})
        del self.database[_id]

    @precondition(lambda self: any(held.stored is None for held in self.memory.values()))
    @rule(values=st.fixed_dictionaries(VALUES))
    def others_insert(self, values: Raw) -> None:
        """Under the ``_id`` of an object that is not stored yet."""
        _id = next(_id for _id, held in self.memory.items() if held.stored is None)
        if _id not in self.database:
            raw = {"_id": _id, **values, "parent_id": None, "friend_ids": []}
            self.collection.insert_one(copy.deepcopy(raw))
            self.database[_id] = copy.deepcopy(raw)
            self.inserted_by_others.add(_id)

    @rule(values=st.fixed_dictionaries(VALUES), choice=st.integers(0, 9), is_related=st.booleans())
    def others_insert_another(self, values: Raw, choice: int, is_related: bool) -> None:
        """Queries find it at once, relations to it if they have not been read before."""
        self.ids += 1
        known = sorted(self.database)
        other = known[choice % len(known)] if is_related and known else None
        raw = {"_id": self.ids, **values, "parent_id": other, "friend_ids": [] if other is None else [other]}
        self.collection.insert_one(copy.deepcopy(raw))
        self.database[self.ids] = copy.deepcopy(raw)
        self.inserted_by_others.add(self.ids)

    # -- what holds at all times

    @invariant()
    def memory_is_as_expected(self) -> None:
        assert {obj.__ming__.document["_id"] for obj in session.uow} == set(self.memory)
        for _id, held in self.memory.items():
            own = state(held.obj)
            assert dict(own.document) == held.document
            assert {name: getattr(held.obj, name) for name in FIELDS} == {
                name: held.document[name] for name in FIELDS
            }
            if held.stored is not None or not held.is_deleted:
                assert own.original_document == (held.stored or {})
            assert session.imap.get(self.cls, _id) is held.obj
            if held.stored is not None and not held.is_deleted:
                assert own.status == ("dirty" if held.touched else "clean") or not held.changes()

    @invariant()
    def database_is_as_expected(self) -> None:
        assert {raw["_id"]: raw for raw in self.collection.find({})} == self.database


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Store, int], None]]:
    """Runs the machine on a store, a number of times."""
    stores: list[Store] = []

    def run(store: Store, sequences: int) -> None:
        stores.append(store)
        session.bind = create_datastore(store.uri())
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=50,
                derandomize=not SEQUENCES,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

    with REGISTRY.preserved():
        Machine.classes = [node_class("Node", []), node_class("NodeStoredAlone", [Calls])]
        yield run
    session.clear()
    session.bind.conn.close()
    stores[0].drop()


def test_on_the_embedded_engine(run: Callable[[Store, int], None]) -> None:
    run(MimStore(), SEQUENCES or 100)


@pytest.mark.mongod
def test_on_a_server(run: Callable[[Store, int], None], mongod_uri: str) -> None:
    run(MongodStore(mongod_uri), SEQUENCES // 10 or 20)
