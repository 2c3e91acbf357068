"""Whether two programs mean the same by a version: a run is joined only by those that do."""

from __future__ import annotations

import hashlib
import inspect
import json
from typing import Any

from ming.evolve.chain import Chain, Version
from ming.evolve.check.forms import differences, digest, schema_form
from ming.evolve.step import literals
from ming.evolve.step.sequence import Steps

__all__ = ["ChainIdentity"]


class ChainIdentity:
    """What a chain means, in a canonical form.

    Names of classes do not count; what a ``migrate`` function does is told by its source.

    Args:
        chain: The chain, up to the version that a run upgrades to.
    """

    def __init__(self, chain: Chain) -> None:
        self._form = {
            f"version {number}": _version_form(version) for number, version in enumerate(chain.versions, 1)
        }

    @property
    def hash(self) -> str:
        """Equal for programs that mean the same."""
        return digest(self._form)

    def to_record(self) -> dict[str, str]:
        """What is stored of it: names of fields may be such as BSON does not like."""
        return {"hash": self.hash, "form": json.dumps(self._form, sort_keys=True)}

    def differences_to(self, record: dict[str, str]) -> list[str]:
        """A line for each place where this chain differs from a recorded one."""
        return differences(json.loads(record["form"]), self._form)


def _version_form(version: Version) -> dict[str, Any]:
    schema = schema_form(version.schema)
    constants = {name: literals.to_json(item.value) for name, item in sorted(version.constants.items())}
    form = {"schema": schema, "constants": constants}
    migrate = version.migrate
    if isinstance(migrate, Steps):
        return {**form, "migrate": _steps_form(migrate)}
    return form if migrate is None else {**form, "migrate": _source_form(migrate)}


def _steps_form(steps: Steps) -> dict[str, Any]:
    listed = {f"step {number}": step.to_json() for number, step in enumerate(steps.steps, 1)}
    return {**listed, "fill": steps.fill}


def _source_form(function: Any) -> dict[str, str]:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        # Made at run time: its name is all there is to tell it by.
        return {"function": name}
    return {"function": name, "source": hashlib.sha256(source.encode()).hexdigest()[:16]}
