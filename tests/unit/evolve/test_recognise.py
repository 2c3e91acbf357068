"""Which version a stored document is: the rules one by one."""

from __future__ import annotations

import copy
from typing import Any

import bson
import pytest
from harness.chains import chain_of, declare, wiki_classes

from ming import schema as S
from ming._values import KEEP_ASIDE
from ming.evolve.chain import Version
from ming.evolve.recognise import hidden, recognise
from ming.exc import DocumentTooNew, HybridDocument, Invalid

REQUIRED_1, REQUIRED_2, REQUIRED_3 = (S.Value(number, required=True) for number in (1, 2, 3))


def read(cls: Any, raw: Any) -> tuple[str, Any]:
    """Name of the version, and the document read as it."""

    def attempt(version: Version, stored: Any) -> Any:
        return version.schema.validate(copy.deepcopy(stored), allow_extra=True, strip_extra=KEEP_ASIDE)

    before = copy.deepcopy(raw)
    version, document = recognise(chain_of(cls), raw, attempt)
    assert raw == before
    return version.name, document


def name(cls: Any, **raw: Any) -> str:
    return read(cls, {"_id": 1, **raw})[0]


def refusal(cls: Any, **raw: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(cls, {"_id": 1, **raw})
    return caught.value


# --- 1. stamps


@pytest.mark.parametrize(
    "constants", [(1, 2), ("a", "b"), (REQUIRED_1, REQUIRED_2), (1, REQUIRED_2), (REQUIRED_1, 2), (1.5, 2.5)]
)
def test_a_stamp_decides(constants: Any) -> None:
    # The same fields in both: nothing but the stamp tells the versions apart.
    cls = declare(None, {"v": constants[0], "n": int}, {"v": constants[1], "n": int})
    values = [getattr(constant, "value", constant) for constant in constants]
    assert [name(cls, v=value, n=1) for value in values] == ["V1", "V2"]


def test_a_stamp_decides_whatever_other_keys_there_are() -> None:
    cls = declare(None, {"v": 1, "old": int}, {"v": 2, "new": int})
    version, document = read(cls, {"_id": 1, "v": 1, "old": 1, "new": 2})
    assert version == "V1"
    assert document._origin.unknown == {"new": 2}
    assert name(cls, v=2, old=1) == "V2"


def test_an_invalid_stamped_document_is_its_versions_error() -> None:
    cls = declare(None, {"v": 1, "n": int}, {"v": 2, "s": S.String(required=True)})
    error = refusal(cls, v=1, n="x")
    assert list(error.error_dict or ()) == ["n"]
    assert "int" in str(error)


@pytest.mark.parametrize("value", [1.0, bson.Int64(1)])
def test_numbers_compare_as_on_the_server(value: Any) -> None:
    assert name(declare(None, {"v": 1}, {"v": 2}), v=value) == "V1"


def test_true_is_no_one() -> None:
    error = refusal(declare(None, {"v": 1}, {"v": 2}), v=True)
    assert not isinstance(error, DocumentTooNew)
    assert error.path == "v"


def test_an_equal_constant_is_no_stamp() -> None:
    cls = declare(None, {"kind": S.Value("page"), "old": int}, {"kind": S.Value("page"), "new": int})
    assert name(cls, kind="page", old=1) == "V1"
    assert name(cls, kind="page", new=1) == "V2"


@pytest.mark.parametrize("stamp", [{}, {"v": None}])
def test_absent_and_null_mean_no_stamp(stamp: Any) -> None:
    cls = declare(None, {"v": 1, "old": int}, {"v": 2, "new": int})
    assert name(cls, old=1, **stamp) == "V1"
    assert name(cls, new=1, **stamp) == "V2"


def test_a_null_is_evidence_for_who_declares_the_field() -> None:
    old, new = {"n": int}, {"v": 1, "n": int}
    assert name(declare(None, old, new), n=1) == "V1"
    assert name(declare(None, old, new), n=1, v=None) == "V2"
    # Beside a key that only the baseline declares, it does not weigh.
    assert name(declare(None, {**old, "only": int}, new), n=1, only=1, v=None) == "V1"


def test_a_shared_constant_leaves_the_choice_to_the_shape() -> None:
    cls = declare(None, {"v": 1, "a": int}, {"v": 2, "b": int}, {"v": 2, "c": int})
    assert name(cls, v=2, b=1) == "V2"
    assert name(cls, v=2, c=1) == "V3"
    assert name(cls, v=2) == "V3"
    # Keys that only the others declare are unknown to those that share the stamp.
    assert name(cls, v=2, b=1, a=1) == "V2"
    assert isinstance(refusal(cls, v=2, b=1, c=1), HybridDocument)


def test_several_stamps_must_agree() -> None:
    cls = declare(None, {"v": 1, "w": "a"}, {"v": 1, "w": S.Value("b")}, {"v": 2, "w": S.Value("b")})
    assert name(cls, v=1, w="b") == "V2"
    assert name(cls, v=2) == "V3"
    error = refusal(cls, v=2, w="a")
    assert isinstance(error, HybridDocument)
    assert "v = 2, w = 'a'" in str(error)


def test_a_field_declared_freely_elsewhere_allows_other_values() -> None:
    cls = declare(None, {"v": int, "n": int}, {"v": REQUIRED_2, "n": int})
    assert name(cls, v=1, n=1) == "V1"
    assert name(cls, v=2, n=1) == "V2"
    assert name(cls, n=1) == "V1"
    # A newer program's document is no document of the oldest version.
    assert isinstance(refusal(cls, v=3, n=1), DocumentTooNew)


# --- 2. the unstamped baseline


def test_the_classic_example() -> None:
    _, wiki_page = wiki_classes(None)
    old = {"title": "t", "text": "x", "metadata": {"tags": ["a"], "categories": []}}
    assert name(wiki_page, **old) == "OldWikiPage"
    assert name(wiki_page, title="t", text="x", tags=["a"], categories=[]) == "WikiPage"
    assert name(wiki_page, title="t", text="x", version=1) == "WikiPage"
    assert name(wiki_page, **old, tags=["b"]) == "OldWikiPage"


def test_the_baseline_wins_where_nothing_tells() -> None:
    cls = declare(None, {"n": int}, {"v": 2, "n": int})
    assert name(cls, n=1) == "V1"
    assert name(cls, n=1, unknown=5) == "V1"
    assert name(cls) == "V1"


def test_keys_of_newer_versions_speak_against_the_baseline() -> None:
    cls = declare(None, {"n": int}, {"v": 2, "n": int, "m": int}, {"v": 3, "n": int, "o": int})
    assert name(cls, n=1, m=1) == "V2"
    assert name(cls, n=1, o=1) == "V3"
    assert isinstance(refusal(cls, n=1, m=1, o=1), HybridDocument)


def test_keys_of_sub_documents_and_items_tell() -> None:
    cls = declare(
        None, {"items": [{"a": int}], "sub": {"x": int}}, {"v": 2, "items": [{"b": int}], "sub": {"y": int}}
    )
    assert name(cls, items=[{"a": 1}], sub={"x": 1}) == "V1"
    assert name(cls, items=[{}, {"b": 1}]) == "V2"
    assert name(cls, sub={"y": 1}) == "V2"
    assert name(cls, items=[{"b": 1}], sub={"x": 1}) == "V1"


def test_a_baseline_in_the_middle_of_history_is_none() -> None:
    # The oldest version bears a stamp, so documents without one go by their shape.
    cls = declare(None, {"v": 1, "n": int}, {"n": int, "m": int}, {"v": 3, "n": int, "o": int})
    assert name(cls, n=1) == "V3"
    assert name(cls, n=1, m=1) == "V2"


def test_unstamped_says_it_outright() -> None:
    first = declare(None, {"v": 1, "n": int})
    cls = declare(None, {"v": S.Value(2), "n": int}, version_of=first, migrate=dict, unstamped=first)
    assert name(cls, n=1) == "V1"
    second = declare(None, {"v": 2, "n": int}, version_of=first, migrate=dict)
    cls = declare(None, {"v": 3, "n": int, "m": int}, version_of=second, migrate=dict, unstamped=second)
    assert read(cls, {"_id": 1, "n": 1})[1].v == 2


def test_an_invalid_baseline_falls_back_to_newer_versions() -> None:
    cls = declare(None, {"n": int}, {"v": 2, "n": str})
    assert name(cls, n="x") == "V2"
    assert "int" in str(refusal(cls, n=[]))


# --- 3. shape


def test_the_newest_version_that_has_a_place_for_every_key() -> None:
    cls = declare(None, {"a": int, "b": int}, {"b": int, "c": int}, {"c": int, "d": int})
    assert name(cls, b=1) == "V2"
    assert name(cls, c=1) == "V3"
    assert name(cls, a=1) == "V1"
    assert name(cls, z=1) == "V3"


def test_invalid_versions_are_passed_over() -> None:
    cls = declare(None, {"n": int}, {"n": str}, {"n": [str]})
    assert [name(cls, n=value) for value in (1, "x", ["x"])] == ["V1", "V2", "V3"]


def test_where_none_accepts_it_the_error_is_the_newest_ones() -> None:
    cls = declare(None, {"n": int, "m": int}, {"n": str, "m": int}, {"m": int})
    assert str(refusal(cls, n=[])) == "n:[] is not a <class 'str'>"


def test_a_version_whose_stamp_is_required_is_not_guessed() -> None:
    cls = declare(None, {"v": REQUIRED_1, "n": int}, {"v": REQUIRED_2, "n": int})
    assert refusal(cls, n=1).path == "v"
    cls = declare(None, {"v": 1, "n": int}, {"v": REQUIRED_2, "n": int})
    assert name(cls, n=1) == "V1"


def test_deprecated_keys_are_no_place() -> None:
    cls = declare(None, {"a": int}, {"a": S.Deprecated(), "b": int})
    assert name(cls, a=1) == "V1"
    assert name(cls, b=1) == "V2"
    cls = declare(None, {"a": S.Deprecated(), "c": int}, {"a": int, "v": 1})
    assert name(cls, a=1) == "V2"


def test_homogeneous_objects_and_anything_have_a_place_for_all() -> None:
    cls = declare(None, {"sub": {"a": int}}, {"sub": {str: int}})
    assert name(cls, sub={"a": 1}) == "V2"
    assert name(cls, sub={"a": None}) == "V2"
    cls = declare(None, {"sub": {"a": int}}, {"sub": None, "n": int})
    assert name(cls, sub={"a": 1}) == "V2"


# --- 4. hybrids


def test_a_hybrid_names_the_keys() -> None:
    error = refusal(declare(None, {"a": int, "x": [{"y": int}]}, {"b": int}), a=1, b=2, x=[{"y": 1}])
    assert isinstance(error, HybridDocument)
    assert "V1 has no place for b; V2 has no place for a, x, x.y" in str(error)


def test_on_hybrid_may_say_raise() -> None:
    assert isinstance(
        refusal(declare(None, {"a": int}, {"b": int}, on_hybrid="raise"), a=1, b=2), HybridDocument
    )


def test_on_hybrid_chooses_a_class() -> None:
    seen: list[Any] = []

    def choose(raw: Any, candidates: list[type]) -> type:
        seen.append((raw, [cls.__name__ for cls in candidates]))
        return candidates[0]

    cls = declare(None, {"a": int}, {"b": int}, on_hybrid=choose)
    version, document = read(cls, {"_id": 1, "a": 1, "b": 2})
    assert (version, dict(document)) == ("V1", {"_id": 1, "a": 1})
    assert seen == [({"_id": 1, "a": 1, "b": 2}, ["V1", "V2"])]


def test_on_hybrid_repairs_the_document() -> None:
    def repair(raw: Any, candidates: Any) -> Any:
        raw["sub"]["n"].append(raw.pop("a"))
        return raw

    cls = declare(None, {"a": int, "sub": None}, {"b": int, "sub": None}, on_hybrid=repair)
    assert read(cls, {"_id": 1, "a": 1, "b": 2, "sub": {"n": []}}) == (
        "V2",
        {"_id": 1, "b": 2, "sub": {"n": [1]}},
    )


def test_on_hybrid_is_asked_when_stamps_disagree() -> None:
    def choose(raw: Any, candidates: list[type]) -> type:
        assert [cls.__name__ for cls in candidates] == ["V1", "V3"]
        return candidates[-1]

    bodies = ({"v": 1, "w": "a"}, {"v": 2, "w": S.Value("b")}, {"v": 3, "w": S.Value("c")})
    cls = declare(None, *bodies, on_hybrid=choose)
    # The class was chosen, but the document does not become valid by that.
    assert refusal(cls, v=1, w="c").path == "v"


@pytest.mark.parametrize("answer", [None, "V1", 5, int, {"_id": 1, "a": 1, "b": 2}])
def test_nonsense_from_on_hybrid(answer: Any) -> None:
    cls = declare(None, {"a": int}, {"b": int}, on_hybrid=lambda raw, candidates: answer)
    assert isinstance(refusal(cls, a=1, b=2), HybridDocument)


def test_errors_of_on_hybrid_pass() -> None:
    def fail(raw: Any, candidates: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read(declare(None, {"a": int}, {"b": int}, on_hybrid=fail), {"_id": 1, "a": 1, "b": 2})


# --- 5. too new


@pytest.mark.parametrize(
    ("constants", "value"),
    [((1, 2), 3), ((1, 2), 2.5), (("a", "b"), "c"), ((REQUIRED_1, REQUIRED_2), 9), ((2, 1), 1.5)],
)
def test_a_newer_stamp(constants: Any, value: Any) -> None:
    error = refusal(declare(None, {"v": constants[0]}, {"v": constants[1]}), v=value)
    assert isinstance(error, DocumentTooNew)
    assert error.path == "v"
    assert "document-too-new" in str(error)


@pytest.mark.parametrize(
    ("constants", "value"), [((1, 3), 2), ((1, 3), 0), ((1, 2), "3"), (("a", "c"), "b"), (("a", "b"), 5)]
)
def test_a_stamp_of_no_version(constants: Any, value: Any) -> None:
    error = refusal(declare(None, {"v": constants[0]}, {"v": constants[1]}), v=value)
    assert type(error) is Invalid
    assert "is the stamp of no version" in str(error)


def test_a_class_without_older_versions_knows_newer_documents() -> None:
    cls = declare(None, {"v": REQUIRED_1, "n": int})
    assert isinstance(refusal(cls, v=2, n=1), DocumentTooNew)


def test_too_new_goes_before_disagreement() -> None:
    cls = declare(None, {"v": 1, "w": 1}, {"v": 2, "w": 2})
    assert isinstance(refusal(cls, v=1, w=3), DocumentTooNew)


# --- keys that the version has no place for


def test_hidden_keys() -> None:
    cls = declare(None, {"a": int, "sub": {"x": int}}, {"v": 2, "b": int, "sub": {"y": int}})
    old = chain_of(cls).versions[0].cls
    raw = {"_id": 1, "a": 1, "b": 2, "z": 3, "sub": {"x": 1, "y": 2, "z": 3}}
    assert hidden(chain_of(cls), old, raw) == [("b",), ("sub", "y")]
    assert hidden(chain_of(cls), cls, {"_id": 1, "v": 2, "b": 2}) == []


def test_who_repairs_hybrids_has_seen_every_key() -> None:
    cls = declare(None, {"a": int}, {"b": int}, on_hybrid=lambda raw, candidates: candidates[0])
    raw = {"_id": 1, "a": 1, "b": 2}
    assert hidden(chain_of(cls), chain_of(cls).versions[0].cls, raw) == []
