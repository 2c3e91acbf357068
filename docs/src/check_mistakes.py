"""One mistake of each kind, and what a check says about it."""

from itertools import count

from ming import Document, Field, Index
from ming import evolve as E
from ming import schema as S
from ming.evolve.check import check


def version(fields, **meta):
    """A document class of the collection ``people``."""
    if "of" in meta:
        meta["version_of"] = meta.pop("of")
    options = type("__mongometa__", (), {"name": "people"} | meta)
    items = {name: item if isinstance(item, Field) else Field(item) for name, item in fields.items()}
    return type("Person", (Document,), {"__mongometa__": options, "_id": Field(S.Anything), **items})


def hop(old, new, *steps, migrate=...):
    """The newer of two versions with stamps."""
    older = version({"_version": Field(1, required=True), **old})
    older.__name__ = "PersonV1"
    migrate = E.steps(*steps) if migrate is ... else migrate
    return version({"_version": Field(2, required=True), **new}, of=older, migrate=migrate)


def indexed(cls, *indexes):
    cls.m.indexes.extend(indexes)
    return cls


def tell(cls):
    """Print what a check says that the comment above asks for."""
    for finding in check([cls], documents=200):
        if finding.code == wanted:
            print(finding)
            print(f"    {finding.remedy}")
            return
    raise AssertionError(wanted)


wanted = "other-collection"
# other-collection
strayed = version({"_version": Field(1, required=True), "a": str}, name="persons")
tell(version({"_version": Field(2, required=True), "a": str}, of=strayed, migrate=E.steps()))
# end of other-collection

wanted = "no-migrate"
# no-migrate
tell(hop({"a": str}, {"a": str}, migrate=None))
# end of no-migrate

wanted = "stamp-missing"
# stamp-missing
tell(version({"b": str}, of=version({"a": str}), migrate=E.steps(E.move("a", "b"))))
# end of stamp-missing

wanted = "stamp-duplicate"
# stamp-duplicate
second = hop({"a": str}, {"a": str})
tell(version({"_version": 2, "b": str}, of=second, migrate=E.steps(E.move("a", "b"))))
# end of stamp-duplicate

wanted = "stamp-order"
# stamp-order
third = version({"_version": S.Value("three"), "a": str})
tell(version({"_version": S.Value("four"), "a": str}, of=third, migrate=E.steps()))
# end of stamp-order

wanted = "stamp-optional"
# stamp-optional
tell(version({"_version": Field(2), "a": str}, of=version({"a": str}), migrate=E.steps()))
# end of stamp-optional

wanted = "missing-required"
# missing-required
tell(hop({}, {"lang": S.String(required=True)}))
# end of missing-required

wanted = "wrong-type"
# wrong-type
tell(hop({"age": str}, {"age": int}, E.convert("age", int)))
# end of wrong-type

wanted = "outside-enum"
# outside-enum
tell(hop({"s": S.OneOf("A", "I")}, {"s": S.OneOf("active", "idle")}, E.map("s", {"A": "active"})))
# end of outside-enum

wanted = "undeclared"
# undeclared
tell(hop({"a": str, "b": str}, {"a": str}))
# end of undeclared

wanted = "reads-nothing"
# reads-nothing
tell(hop({"email": str}, {"mail": str, "email": str}, E.move("emial", "mail")))
# end of reads-nothing

wanted = "target-in-use"
# target-in-use
tell(hop({"a": str, "b": str}, {"b": str}, E.move("a", "b")))
# end of target-in-use

wanted = "overwrites-field"
# overwrites-field
tell(hop({"state": str}, {"state": str}, E.const("state", "new")))
# end of overwrites-field

wanted = "dead-mapping"
# dead-mapping
tell(hop({"s": S.OneOf("A", "I")}, {"s": S.OneOf("A", "I", "x")}, E.map("s", {"a": "x"})))
# end of dead-mapping

wanted = "not-injective"
# not-injective
tell(hop({"s": S.OneOf("A", "B")}, {"s": S.OneOf("x")}, E.map("s", {"A": "x", "B": "x"})))
# end of not-injective

wanted = "lossy-convert"
# lossy-convert
tell(hop({"age": str}, {"age": int}, E.convert("age", int, on_error=None)))
# end of lossy-convert

wanted = "irreversible"
# irreversible
tell(hop({"a": str, "b": str}, {"a": str}, E.drop("b")))
# end of irreversible

wanted = "undeclared-read"


# undeclared-read
def greeting(raw):
    return f"{raw.get('title')} {raw.get('name')}"


hello = E.expr("hello", {"$concat": ["Ms ", {"$toString": "$name"}]}, greeting)
tell(hop({"name": str, "title": str}, {"name": str, "title": str, "hello": str}, hello))
# end of undeclared-read

wanted = "client-side"


# client-side
def shout(raw):
    return {**raw, "a": str(raw.get("a")).upper()}


tell(hop({"a": str}, {"a": str}, E.python(shout, reads=["a"], writes=["a"])))
# end of client-side

wanted = "opaque"
# opaque
tell(hop({"a": str}, {"a": str}, migrate=lambda old: {**old, "_version": 2}))
# end of opaque

wanted = "raises"
# raises
tell(hop({"name": str}, {"first": str}, migrate=lambda old: {"_version": 2, "first": old.name.split()[0]}))
# end of raises

wanted = "changes-id"
# changes-id
tell(hop({"a": str}, {"a": str}, migrate=lambda old: {**old, "_version": 2, "_id": 0}))
# end of changes-id

wanted = "invalid-result"
# invalid-result
tell(hop({"a": str}, {"n": int}, migrate=lambda old: {"_version": 2, "n": old.a}))
# end of invalid-result

wanted = "stamp-not-set"
# stamp-not-set
tell(hop({"a": str}, {"b": str}, migrate=lambda old: {"b": old.a}))
# end of stamp-not-set

wanted = "not-deterministic"
# not-deterministic
numbers = count(1)
tell(hop({"a": str}, {"a": str, "n": int}, migrate=lambda old: {**old, "_version": 2, "n": next(numbers)}))
# end of not-deterministic

wanted = "lost-field"
# lost-field
tell(hop({"a": str, "b": int}, {"a": str}, migrate=lambda old: {"_version": 2, "a": old.a}))
# end of lost-field

wanted = "tolerated-value"
# tolerated-value
tell(
    hop(
        {"n": int},
        {"n": S.OneOf(0, 1, None)},
        migrate=lambda old: {"_version": 2, "n": old.n if isinstance(old.n, bool) and {}[old.n] else None},
    )
)
# end of tolerated-value

wanted = "index-left-behind"
# index-left-behind
tell(indexed(hop({"email": str}, {"mail": str}, E.move("email", "mail")), Index("email")))
# end of index-left-behind

wanted = "index-on-nothing"
# index-on-nothing
tell(indexed(hop({"a": str}, {"a": str}), Index("aa")))
# end of index-on-nothing

wanted = "unique-moves"
# unique-moves
tell(indexed(hop({"a": str}, {"b": str}, E.move("a", "b")), Index("b", unique=True)))
# end of unique-moves
