"""How the command finds an application's classes and their database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness.command import MODELS, Application
from harness.stores import MimStore, Store

MAPPED = """\
from ming.odm import FieldProperty, MappedClass, ODMSession, ThreadLocalODMSession

session = {session}


class Author(MappedClass):
    class __mongometa__:
        name = "authors"
        session = session

    _id = FieldProperty(int)
    name = FieldProperty(str)
"""

POLYMORPHIC = """\
from ming import Document, Field, Session

session = Session()


class Shape(Document):
    class __mongometa__:
        name = "shapes"
        session = session
        polymorphic_on = "kind"
        polymorphic_identity = "shape"

    _id = Field(int)
    kind = Field(str)


class Circle(Shape):
    class __mongometa__:
        polymorphic_identity = "circle"
        indexes = ("radius",)

    radius = Field(int, required=True)


class Nameless(Document):
    title = Field(str)
"""


def collections(outcome: Any) -> list[str]:
    assert outcome.code in (0, 1), outcome.everything
    return [each["collection"] for each in outcome.json["collections"]]


def test_a_name_is_a_module_a_class_or_a_collection(wiki: Application, store: Store) -> None:
    wiki.write("app/__init__.py", "")
    wiki.write("app/people.py", MAPPED.format(session="ODMSession()"))
    wiki.write("pyproject.toml", '[tool.ming]\nmodels = ["wiki", "app.people"]\n')
    asked = {
        (): ["authors", "pages"],
        ("wiki",): ["pages"],
        ("pages",): ["pages"],
        ("Page",): ["pages"],
        ("Author",): ["authors"],
        ("app.people:Author", "pages"): ["authors", "pages"],
        ("-m", "app.people"): ["authors"],
    }
    found = {names: collections(wiki.run("status", "--json", *names)) for names in asked}
    assert found == asked


def test_the_settings_of_a_folder_above_count(wiki: Application) -> None:
    assert collections(wiki.below("deep/down").run("status", "--json")) == ["pages"]


@pytest.mark.parametrize("session", ["ODMSession()", "ThreadLocalODMSession()", "None"])
def test_mapped_classes_are_bound(wiki: Application, session: str) -> None:
    wiki.write("people.py", MAPPED.format(session=session))
    assert collections(wiki.run("status", "people", "--json")) == ["authors"]


@pytest.mark.parametrize("session", ["None", "Session.by_name('main')", "ThreadLocalProxy(Session)"])
def test_sessions_of_every_kind_are_bound(wiki: Application, session: str) -> None:
    text = MODELS.replace("Session()", session, 1)
    wiki.write("other.py", f"from ming.utils import ThreadLocalProxy\n{text}")
    assert collections(wiki.run("status", "other", "--json")) == ["pages"]


def test_a_session_without_a_database_is_bound_for_the_application_too(
    wiki: Application, old_pages: Any
) -> None:
    code = "PageV1.m.find({'version': 1}).count()"
    assert wiki.run("shell", "-c", code).stdout == "20\n"


def test_a_family_of_classes_is_one_collection(wiki: Application, store: Store) -> None:
    wiki.write("shapes.py", POLYMORPHIC)
    (found,) = wiki.run("status", "shapes", "--json").json["collections"]
    assert found["collection"] == "shapes"
    assert found["indexes"]["missing"] == [{"key": {"radius": 1}, "options": {}}]


FAMILY_WITH_VERSIONS = f"""{POLYMORPHIC}

class OldDot(Shape):
    class __mongometa__:
        polymorphic_identity = "old dot"

    size = Field(int)


class Dot(Shape):
    class __mongometa__:
        polymorphic_identity = "dot"
        version_of = OldDot
        migrate = staticmethod(lambda old: dict(old, kind="dot", v=1))

    v = Field(1, required=True)
    size = Field(int)
"""


def test_a_member_of_a_family_with_versions_of_its_own_stands_for_itself(wiki: Application) -> None:
    wiki.write("shapes.py", FAMILY_WITH_VERSIONS)
    outcome = wiki.run("status", "shapes")
    assert outcome.code == 1
    assert "shapes (Shape): 0 documents\n" in outcome.stdout
    assert "shapes (Dot): 0 documents\n" in outcome.stdout


UNRELATED = """
from ming import Document, Field, Session


class Page(Document):
    class __mongometa__:
        name = "pages"
        session = Session()
        indexes = ("title",)

    title = Field(str)


class Stub(Document):
    class __mongometa__:
        name = "pages"
        session = Session()
        indexes = ("slug",)

    slug = Field(str)
"""


def test_unrelated_classes_of_a_collection_share_its_indexes(wiki: Application, pages: Any) -> None:
    wiki.write("pyproject.toml", "")
    wiki.write("views.py", UNRELATED)
    assert collections(wiki.run("status", "views", "--json")) == ["pages", "pages"]
    assert wiki.run("indexes", "sync", "views:Stub").code == 0
    keys = {index["key"][0][0] for index in pages.index_information().values()}
    assert keys - {"_id"} == {"title", "slug"}
    assert wiki.run("indexes", "diff", "views:Page").stdout == "pages: as declared\n"


# --- which database


def test_the_command_line_wins_over_the_environment_and_that_over_the_settings(wiki: Application) -> None:
    uris = ["mim:///of_settings", "mim:///of_environment", "mim:///of_command"]
    wiki.write("pyproject.toml", f'[tool.ming]\nmodels = ["wiki"]\nuri = "{uris[0]}"\n')
    ask = ["shell", "-c", "sessions['pages'].db.name"]
    unset: Any = {"MING_URI": None}
    assert wiki.run(*ask, environment=unset).stdout == "of_settings\n"
    assert wiki.run(*ask, environment={"MING_URI": uris[1]}).stdout == "of_environment\n"
    assert wiki.run(*ask, "--uri", uris[2], environment={"MING_URI": uris[1]}).stdout == "of_command\n"


BOUND = MODELS.replace("Session()", "Session(create_datastore('mim:///of_application'))", 1).replace(
    "import Document", "import create_datastore, Document"
)


def test_what_the_application_has_bound_stays_so(bare: Application) -> None:
    bare.write("wiki.py", BOUND)
    ask = ["shell", "wiki", "-c", "sessions['pages'].db.name"]
    assert bare.run(*ask).stdout == "of_application\n"
    assert bare.run(*ask, environment={"MING_URI": "mim:///other"}).stdout == "of_application\n"
    assert bare.run(*ask, "--uri", "mim:///of_application").stdout == "of_application\n"
    refused = bare.run(*ask, "--uri", "mim:///other")
    assert refused.code == 2
    assert (
        "the application has bound the session of Page to the database 'of_application' already"
        in refused.stderr
    )


def test_looking_creates_no_index(wiki: Application, pages: Any) -> None:
    wiki.run("shell", "-c", "Page.m.get(_id=1)")
    assert pages.database.list_collection_names() == []


# --- what cannot be used


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "no models: name their modules"),
        (["nowhere"], "no module 'nowhere'"),
        (["nowhere.models"], "no module 'nowhere.models'"),
        (["wiki.models"], "no module 'wiki.models'"),
        (["wiki:Nobody"], "no document or mapped class with a collection in wiki:Nobody"),
        (["empty"], "no document or mapped class with a collection in empty"),
        (["broken"], "broken cannot be imported: ZeroDivisionError: division by zero"),
        (["lacking"], "lacking cannot be imported: No module named 'nowhere_either'"),
        (["typo"], "typo cannot be imported: SyntaxError:"),
        (["-m", "wiki", "nobody"], "classes and collections: Page (pages)"),
        (["../wiki"], "'../wiki' is not the name of a module"),
        ([".wiki"], "'.wiki' is not the name of a module"),
        (["wiki"], "no database for Page: give --uri, set MING_URI"),
        (["wiki", "--uri", "mongodb://localhost"], "names no database"),
        (["wiki", "--uri", "mongodb://[::1/db"], "the URI of the database cannot be used"),
        (["wiki", "--uri", "mim:///x?file="], "must name one file"),
        (["wiki", "--timeout", "soon"], "'soon' is not a valid float"),
    ],
)
def test_arguments_that_cannot_be_used(bare: Application, arguments: list[str], expected: str) -> None:
    bare.write("wiki.py", MODELS)
    bare.write("empty.py", "")
    bare.write("broken.py", "1 / 0")
    bare.write("lacking.py", "import nowhere_either")
    bare.write("typo.py", "class:")
    outcome = bare.run("status", *arguments)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert expected in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.ming]\nmodel = []", "no setting 'model', only models, uri"),
        ("[tool.ming]\nmodels = 'wiki'", "models must be a list"),
        ("[tool.ming]\nmodels = [1]", "models must be names of modules"),
        ("[tool.ming]\nuri = 1", "uri must be a str"),
        ("[tool]\nming = 1", "[tool.ming] is no table"),
        ("[tool.ming", "pyproject.toml: "),
    ],
)
def test_settings_that_cannot_be_used(bare: Application, text: str, expected: str) -> None:
    bare.write("pyproject.toml", text)
    outcome = bare.run("status")
    assert outcome.code == 2
    assert expected in outcome.stderr


def test_settings_of_other_tools_are_no_concern(bare: Application) -> None:
    bare.write("pyproject.toml", "[tool]\nother = 1\n[project]\nname = 'x'\n")
    assert "no models" in bare.run("status").stderr


def test_a_file_of_the_embedded_engine(bare: Application, tmp_path: Path) -> None:
    bare.write("wiki.py", MODELS)
    store = MimStore()
    uri = f"mim:///{store.database}?file={tmp_path / 'pages.ming'}"
    insert = "sessions['pages'].db.pages.insert_one({'_id': 1, 'version': 1, 'title': 'x'})"
    assert bare.execute("shell", "wiki", "--uri", uri, "-c", insert).code == 0
    assert bare.execute("migrate", "wiki", "--uri", uri).code == 0
    assert (
        bare.execute("verify", "wiki", "--uri", uri, "--json").json["collections"][0]["versions"]["Page"] == 1
    )
