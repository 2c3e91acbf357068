"""The kinds of findings: how bad each is, and what to do about it.

``docs/reference/check.rst`` explains each with an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["CODES", "Code", "Severity"]


class Severity(str, Enum):
    """How bad a finding is."""

    ERROR = "error"
    """Documents become unreadable, or data is lost."""
    WARNING = "warning"
    """It works, with a cost or a risk that is easily overlooked."""
    INFO = "info"
    """What the hop does on purpose, worth knowing before a deploy."""


@dataclass(frozen=True)
class Code:
    """A kind of finding."""

    severity: Severity
    remedy: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

CODES: Final[dict[str, Code]] = {
    # -- the chain
    "other-collection": Code(_E, "give all versions the same collection name"),
    "stamp-missing": Code(
        _W, "give the newest version a constant field, such as _version = Field(2, required=True)"
    ),
    "stamp-duplicate": Code(_E, "give each version a constant of its own"),
    "stamp-order": Code(_I, "let the constants grow from version to version"),
    "stamp-optional": Code(_I, "declare the stamp with required=True once every document bears it"),
    "no-migrate": Code(_E, "declare migrate, E.steps(...) or a function, beside version_of"),
    # -- the types that steps make
    "missing-required": Code(_E, "add E.default(...), or do not require the field"),
    "wrong-type": Code(_E, "add E.convert(...), or declare the field as what it holds"),
    "outside-enum": Code(_E, "map every value with E.map(...), or add it to the options"),
    "undeclared": Code(_W, "declare the field, or say E.drop(...)"),
    "reads-nothing": Code(
        _E, "correct the path: no field of the older version is there, nor did a step make one"
    ),
    "target-in-use": Code(_E, "move the field that is there away, or drop it first"),
    "overwrites-field": Code(
        _E, "carry the field elsewhere first; E.default(...) only fills it where it is missing"
    ),
    "dead-mapping": Code(_W, "correct the old value: no document holds it"),
    "lossy-convert": Code(_I, "keep the original with E.copy(...) first if it may be needed"),
    "not-injective": Code(_I, "map to different values if the step has to be taken back"),
    "irreversible": Code(_I, "take a backup, or keep what is lost in another field, before this hop is run"),
    "undeclared-read": Code(_E, "name the field among reads=, or have the expression read it, too"),
    "client-side": Code(_I, "use declarative steps where the run has to be fast"),
    # -- functions, tried out
    "opaque": Code(_I, "say it in steps: then it runs inside the server and can be taken back"),
    "raises": Code(_E, "have migrate cope with every document that the older version accepts"),
    "changes-id": Code(_E, "leave the _id as it is"),
    "invalid-result": Code(_E, "have migrate return what the newer version accepts"),
    "stamp-not-set": Code(
        _E, "put the newer version's constant into what migrate returns, or do not require it"
    ),
    "not-deterministic": Code(_E, "have migrate depend on the document alone"),
    "lost-field": Code(_E, "carry the field over, or declare it as S.Deprecated in the newer version"),
    "tolerated-value": Code(_W, "convert such values, or be sure that none is stored: ming check --data"),
    # -- indexes
    "index-left-behind": Code(_W, "declare the index on the new path, and drop the old one after the run"),
    "index-on-nothing": Code(_W, "correct the index: no field of this version is there"),
    "unique-moves": Code(_W, "move a unique field in two hops: E.copy(...), then E.drop(...)"),
    # -- the lock file
    "schema-changed": Code(
        _E, "make a new version; or, if no document was ever stored with this one, update the lock"
    ),
    "steps-changed": Code(_E, "make a new version; or, if the steps never ran, update the lock"),
    "lock-outdated": Code(_E, "update the lock file and commit it"),
    "version-removed": Code(
        _W, "be sure that no such document is stored: ming check --data; then update the lock"
    ),
    # -- promises
    "incompatible": Code(_E, "change the steps, or promise less"),
    # -- data
    "invalid-documents": Code(_E, "correct the documents before the run; ming migrate --dry-run lists them"),
    "hybrid-documents": Code(_E, "correct the documents, or declare on_hybrid"),
    "too-new-documents": Code(_E, "deploy the release that knows the version"),
}
"""Every kind of finding, by code."""
