"""`EncryptedListWrapper` is a list in plain text over a list of ciphertexts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ming import schema as S
from ming.encryption import EncryptedListWrapper


class Cipher:
    """Turns text round, and numbers it, so that equal plaintexts differ when encrypted."""

    def __init__(self) -> None:
        self.serial = itertools.count()

    def encr(self, value: str | None) -> str | None:
        return None if value is None else f"{next(self.serial)}:{value[::-1]}"

    def decr(self, value: str | None) -> str | None:
        return None if value is None else value.partition(":")[2][::-1]


class Tracker:
    def __init__(self) -> None:
        self.changes: list[Any] = []

    def added_item(self, item: Any) -> None:
        self.changes.append(item)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def cipher() -> Cipher:
    return Cipher()


@pytest.fixture
def words(cipher: Cipher, tracker: Tracker) -> EncryptedListWrapper[Any]:
    stored = [cipher.encr(word) for word in ("b", "a", "c", "a")]
    return EncryptedListWrapper(stored, tracker, S.Binary, cipher, items_encrypted=True)


def test_reading(words: EncryptedListWrapper[Any], tracker: Tracker) -> None:
    assert (words[0], words[-1], len(words), bool(words)) == ("b", "a", 4, True)
    assert list(words) == ["b", "a", "c", "a"]
    assert list(reversed(words)) == ["a", "c", "a", "b"]
    assert "a" in words
    assert "x" not in words
    assert (words.index("a"), words.index("a", 2), words.count("a")) == (1, 3, 2)
    assert tracker.changes == []


def test_reading_beyond(words: EncryptedListWrapper[Any]) -> None:
    with pytest.raises(IndexError):
        words[4]
    with pytest.raises(ValueError, match="is not in list"):
        words.index("x")
    with pytest.raises(ValueError, match="is not in list"):
        words.index("b", 1)


def test_slices_copies_sums_and_products_are_plain_lists(words: EncryptedListWrapper[Any]) -> None:
    for made, expected in [
        (words[1:3], ["a", "c"]),
        (words[::-1], ["a", "c", "a", "b"]),
        (words.copy(), ["b", "a", "c", "a"]),
        (words + ["d"], ["b", "a", "c", "a", "d"]),  # noqa: RUF005 - the sum is what is tested
        (["d"] + words, ["d", "b", "a", "c", "a"]),  # noqa: RUF005 - likewise
        (words + words, ["b", "a", "c", "a"] * 2),
        (words * 2, ["b", "a", "c", "a"] * 2),
        (2 * words, ["b", "a", "c", "a"] * 2),
        (words * 0, []),
    ]:
        assert type(made) is list
        assert made == expected


def test_only_lists_can_be_added(words: EncryptedListWrapper[Any]) -> None:
    with pytest.raises(TypeError):
        words + ("a",)  # noqa: RUF005 - the sum is what is tested
    with pytest.raises(TypeError):
        ("a",) + words  # noqa: RUF005 - likewise


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda w: w.__setitem__(0, "x"), ["x", "a", "c", "a"]),
        (lambda w: w.__setitem__(slice(1, 3), ["x"]), ["b", "x", "a"]),
        (lambda w: w.__delitem__(0), ["a", "c", "a"]),
        (lambda w: w.__delitem__(slice(0, 2)), ["c", "a"]),
        (lambda w: w.append("x"), ["b", "a", "c", "a", "x"]),
        (lambda w: w.append(None), ["b", "a", "c", "a", None]),
        (lambda w: w.extend(iter("xy")), ["b", "a", "c", "a", "x", "y"]),
        (lambda w: w.extend(w), ["b", "a", "c", "a"] * 2),
        (lambda w: w.insert(1, "x"), ["b", "x", "a", "c", "a"]),
        (lambda w: w.remove("a"), ["b", "c", "a"]),
        (lambda w: w.reverse(), ["a", "c", "a", "b"]),
        (lambda w: w.clear(), []),
        (lambda w: w.sort(), ["a", "a", "b", "c"]),
        (lambda w: w.sort(key=ord, reverse=True), ["c", "b", "a", "a"]),
        (lambda w: w.replace(["x", "y"]), ["x", "y"]),
        (lambda w: w.replace(word * 2 for word in w), ["bb", "aa", "cc", "aa"]),
        (lambda w: w.__iadd__(["x"]), ["b", "a", "c", "a", "x"]),
        (lambda w: w.__imul__(2), ["b", "a", "c", "a"] * 2),
        (lambda w: w.__imul__(-1), []),
        (lambda w: w.reverse() or w.reverse(), ["b", "a", "c", "a"]),
    ],
)
def test_changes_go_through_to_the_stored_list(
    words: EncryptedListWrapper[Any], cipher: Cipher, tracker: Tracker, change: Any, expected: list[Any]
) -> None:
    stored = words._doc
    change(words)
    assert words == expected
    assert words._doc is stored
    assert [cipher.decr(item) for item in stored] == expected
    assert tracker.changes, "every change is told"
    assert all(item is stored for item in tracker.changes)


def test_pop(words: EncryptedListWrapper[Any], tracker: Tracker) -> None:
    assert words.pop() == "a"
    assert words.pop(0) == "b"
    assert words == ["a", "c"]
    assert len(tracker.changes) == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda w: w.pop(9), IndexError),
        (lambda w: w.remove("x"), ValueError),
        (lambda w: w.__delitem__(9), IndexError),
        (lambda w: w.__setitem__(9, "x"), IndexError),
    ],
)
def test_a_refused_change_changes_and_tells_nothing(
    words: EncryptedListWrapper[Any], tracker: Tracker, change: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        change(words)
    assert words == ["b", "a", "c", "a"]
    assert tracker.changes == []


def test_sorting_encrypts_nothing_anew(words: EncryptedListWrapper[Any]) -> None:
    before = set(words._doc)
    words.sort()
    assert set(words._doc) == before


def test_comparing(words: EncryptedListWrapper[Any], cipher: Cipher) -> None:
    same: Any = EncryptedListWrapper([cipher.encr(w) for w in "baca"], None, S.Binary, cipher, True)
    assert words == same, "compared in plain text, though every ciphertext differs"
    assert words._doc != same._doc
    assert words == ["b", "a", "c", "a"]
    assert words != ["b"]
    assert words != ("b", "a", "c", "a")
    assert words < ["c"]
    assert words <= same
    assert words >= same
    assert words > ["a"]
    with pytest.raises(TypeError):
        words < ("c",)  # noqa: B015 - it is the comparison that raises


def test_it_is_no_list_and_shows_no_plain_text(words: EncryptedListWrapper[Any]) -> None:
    assert not isinstance(words, list)
    assert repr(words) == "EncryptedListWrapper(<4 items>)"
    with pytest.raises(TypeError):
        hash(words)


def test_without_a_tracker(cipher: Cipher) -> None:
    words: Any = EncryptedListWrapper([], None, S.Binary, cipher, items_encrypted=True)
    words.append("a")
    assert words._doc == ["0:a"]


@pytest.mark.parametrize(
    ("item_schema", "items_encrypted"), [(S.Binary, False), (str, True), (S.Binary(), True)]
)
def test_items_that_are_not_encrypted(cipher: Cipher, item_schema: Any, items_encrypted: bool) -> None:
    words: Any = EncryptedListWrapper(["a"], None, item_schema, cipher, items_encrypted)
    words.append("b")
    assert words._doc == words == ["a", "b"]
