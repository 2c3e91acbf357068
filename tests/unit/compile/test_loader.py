"""Which backend loads documents."""

from __future__ import annotations

import pytest

from ming._compile.loader import backend


@pytest.mark.parametrize(
    ("named", "expected"),
    [("reference", "reference"), ("generated", "generated"), ("", "generated"), (None, "generated")],
)
def test_the_environment_names_the_backend(
    named: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MING_LOADER", raising=False)
    if named is not None:
        monkeypatch.setenv("MING_LOADER", named)
    assert backend() == expected


def test_an_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MING_LOADER", "native")
    with pytest.raises(ValueError, match="MING_LOADER='native', expected one of reference, generated"):
        backend()
