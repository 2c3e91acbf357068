"""What is found where: the public names of the ODM, and its deprecated mirrors."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from types import ModuleType
from typing import Any

import pytest

import ming.odm
from ming.odm.registry import REGISTRY

EXPORTED = """
    state session mapper Mapper MapperExtension RelationProperty ForeignIdProperty FieldProperty
    FieldPropertyWithMissingNone DecryptedProperty DecryptedListProperty ODMSession ThreadLocalODMSession
    ContextualODMSession SessionExtension MappedClass AsyncODMSession TypedMappedClass
"""

NAMES = {
    "ming.odm": EXPORTED + "ORMSession ThreadLocalORMSession ContextualORMSession",
    "ming.odm.base": "state session ObjectState",
    "ming.odm.declarative": "MappedClass mapper collection Index EncryptedMixin ORMProperty",
    "ming.odm.mapper": "mapper Mapper MapperExtension _ClassQuery _InstQuery Query",
    "ming.odm.property": """
        ORMError AmbiguousJoin NoJoin ORMProperty FieldProperty FieldPropertyWithMissingNone ForeignIdProperty
        RelationProperty DecryptedProperty DecryptedListProperty ManyToOneJoin OneToManyJoin
        ManyToManyListJoin OneToManyTracker ManyToManyListTracker LazyProperty Field
    """,
    "ming.odm.odmsession": """
        ODMSession ODMCursor SessionExtension ThreadLocalODMSession ContextualODMSession session state
        mapper ObjectState
    """,
    "ming.odm.icollection": "instrument deinstrument InstrumentedObj InstrumentedList",
    "ming.odm.identity_map": "IdentityMap",
    "ming.odm.unit_of_work": "UnitOfWork",
    "ming.odm.middleware": "MingMiddleware make_ming_autoflush_middleware DEFAULT_FLUSH_ERRORS",
}

MIRRORS = {
    "ming.orm": "ming.odm",
    "ming.orm.base": "ming.odm.base",
    "ming.orm.declarative": "ming.odm.declarative",
    "ming.orm.middleware": "ming.odm.middleware",
    "ming.orm.ormsession": "ming.odm.odmsession",
    "ming.orm.property": "ming.odm.property",
}


def mirror(name: str) -> tuple[ModuleType, list[warnings.WarningMessage]]:
    """Import a mirror as if for the first time, with the warnings of that module alone."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        importlib.import_module("ming.orm")
        caught.clear()
        sys.modules.pop(name, None)
        module = importlib.import_module(name)
        return module, list(caught)


@pytest.mark.parametrize("module", NAMES)
def test_public_names(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_star_import_of_the_package() -> None:
    assert sorted(ming.odm.__all__) == sorted(EXPORTED.split())


def test_functions_shadow_modules_in_the_package() -> None:
    program = """
import ming.odm
from ming.odm.mapper import Mapper
import ming.odm.mapper
assert callable(ming.odm.mapper) and callable(ming.odm.session) and callable(ming.odm.state)
for name in ["property", "base", "declarative", "odmsession", "icollection"]:
    assert type(getattr(ming.odm, name)).__name__ == "module", name
import sys
assert "ming.odm.middleware" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_warns_once_and_has_every_name(name: str) -> None:
    module, caught = mirror(name)
    assert [warning.category for warning in caught] == [DeprecationWarning]
    if name == "ming.orm.ormsession":
        expected = "ming.orm.ormsession is deprecated. Use ming.odm.odmsession instead"
    else:
        expected = f"{name} is deprecated. Please use {MIRRORS[name]} instead"
    assert str(caught[0].message) == expected
    original: Any = importlib.import_module(MIRRORS[name])
    assert [each for each in original.__all__ if getattr(module, each) is not getattr(original, each)] == []


def test_a_mirror_warns_whoever_imports_it() -> None:
    program = "import warnings\nwarnings.simplefilter('error')\nimport ming.orm.property"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert 'File "<string>", line 3' in done.stderr
    assert done.stderr.endswith("DeprecationWarning: ming.orm is deprecated. Please use ming.odm instead\n")


@pytest.mark.parametrize("name", ["ming.orm", "ming.orm.ormsession"])
def test_mirrors_have_the_old_names_of_sessions(name: str) -> None:
    module: Any = mirror(name)[0]
    assert module.ORMSession is ming.odm.ODMSession
    assert module.ThreadLocalORMSession is ming.odm.ThreadLocalODMSession
    assert module.ContextualORMSession is ming.odm.ContextualODMSession


@pytest.mark.parametrize("name", ["ming.orm.mapper", "ming.orm.icollection"])
def test_there_are_no_other_mirrors(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)


def test_the_base_class_is_mapped() -> None:
    from ming.odm import MappedClass, Mapper

    base = Mapper.by_class(MappedClass)
    assert base in Mapper.all_mappers()
    assert base.session is None
    assert base.manager.collection_name is None
    assert MappedClass._registry is Mapper._mapper_by_classname is REGISTRY.by_name
    assert MappedClass._registry["ming.odm.declarative.MappedClass"] is base
