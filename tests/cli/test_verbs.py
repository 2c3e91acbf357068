"""Each verb of the command, on either store: what it says, in words and as JSON, and its exit code."""

from __future__ import annotations

from typing import Any

import pytest
from harness.command import Application

# --- status


def test_status_shows_versions_as_a_bar(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("status")
    assert outcome.code == 1
    assert outcome.stdout.splitlines() == [
        "pages: 25 documents",
        "  [--------------------------------########]",
        "  - PageV1  20   80.0%",
        "  = PageV2   0    0.0%",
        "  # Page     5   20.0%",
        "  indexes missing: (heading: 1)",
    ]


def test_status_as_json(wiki: Application, old_pages: Any) -> None:
    old_pages.insert_many([{"_id": 30, "version": 9}, {"_id": 31, "version": 1, "title": 5}])
    outcome = wiki.run("status", "--json")
    (pages,) = outcome.json["collections"]
    assert outcome.code == 1
    assert pages["total"] == 27
    assert pages["versions"] == [
        {"name": "PageV1", "newest": False, "count": 21, "invalid": 1},
        {"name": "PageV2", "newest": False, "count": 0, "invalid": 0},
        {"name": "Page", "newest": True, "count": 5, "invalid": 0},
    ]
    assert pages["others"] == {"too new": 1}
    assert pages["run"] is None
    assert pages["indexes"]["missing"] == [{"key": {"heading": 1}, "options": {}}]
    assert pages["done"] is False


def test_status_creates_nothing(wiki: Application, pages: Any) -> None:
    wiki.run("status")
    wiki.run("plan")
    wiki.run("verify")
    assert pages.database.list_collection_names() == []


def test_status_is_fine_when_nothing_is_left_to_do(wiki: Application, old_pages: Any) -> None:
    assert [wiki.run(*verb).code for verb in (["indexes", "sync"], ["migrate"], ["status"])] == [0, 0, 0]


def test_status_without_validation(wiki: Application, pages: Any) -> None:
    pages.insert_one({"_id": 1, "version": 3, "heading": 5})
    assert wiki.run("status", "--json").json["collections"][0]["versions"][2]["invalid"] == 1
    outcome = wiki.run("status", "--no-validate", "--json")
    assert outcome.json["collections"][0]["versions"][2]["invalid"] is None


# --- plan


def test_plan_shows_hops_and_steps(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("plan")
    assert outcome.code == 0
    assert "pages: 20 documents to upgrade\n" in outcome.stdout
    assert "  PageV1 -> PageV2: 20 documents\n    move('meta.tags', 'tags')\n" in outcome.stdout
    assert "  upgraded inside the server\n" in outcome.stdout
    assert "  before: create index (heading: 1)\n" in outcome.stdout


def test_plan_as_json(wiki: Application, old_pages: Any) -> None:
    (pages,) = wiki.run("plan", "--json").json["collections"]
    assert pages["in_server"] == ["PageV1", "PageV2"]
    assert [(hop["source"], hop["target"], hop["documents"]) for hop in pages["hops"]] == [
        ("PageV1", "PageV2", 20),
        ("PageV2", "Page", 20),
    ]
    assert pages["hops"][1]["steps"][0] == {"kind": "move", "source": "title", "target": "heading"}


# --- migrate


def test_migrate_stores_everything_in_the_newest_version(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("migrate")
    assert outcome.code == 0
    assert outcome.stdout.startswith("pages: 20 upgraded in ")
    assert "inside the server; 0 conflicts, 0 refused\n" in outcome.stdout
    assert "pages: 20 changed (100%)" in outcome.stderr
    assert old_pages.count_documents({"version": 3}) == 25
    assert old_pages.find_one({"_id": 3}) == {
        "_id": 3,
        "version": 3,
        "heading": "Page 3",
        "meta": {},
        "tags": ["a"],
        "lang": "en",
    }


def test_migrate_as_json(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("migrate", "pages", "--json", "--workers", "2", "--duty", "90%", "--range-size", "7")
    (report,) = outcome.json["collections"]
    assert (report["changed"], report["done"], report["refused"]["count"]) == (20, True, 0)
    assert [(each["version"], each["old"], each["count"]) for each in report["before"]] == [
        ("PageV1", True, 20),
        ("Page", False, 5),
    ]
    assert all(line.startswith('{"progress": {') for line in outcome.stderr.splitlines())


def test_a_dry_run_shows_changes_and_writes_nothing(wiki: Application, old_pages: Any) -> None:
    before = list(old_pages.find())
    outcome = wiki.run("migrate", "--dry-run")
    assert outcome.code == 0
    assert "nothing written" in outcome.stdout
    assert "    ~ version: 1 -> 3\n" in outcome.stdout
    assert "    + heading: 'Page 0'\n" in outcome.stdout
    assert list(old_pages.find()) == before
    sample = wiki.run("migrate", "--dry-run", "--json").json["collections"][0]["samples"][0]
    assert (sample["_id"], sample["version"], sample["problem"]) == (0, "PageV1", None)
    assert sample["after"]["tags"] == ["a"]


def test_migrate_to_a_version_before_the_newest(wiki: Application, old_pages: Any) -> None:
    assert wiki.run("migrate", "--to", "PageV2").code == 0
    assert old_pages.count_documents({"version": 2}) == 20
    assert wiki.run("migrate", "--to", "3").code == 0
    assert old_pages.count_documents({"version": 3}) == 25


def test_documents_that_cannot_be_upgraded_are_listed(wiki: Application, old_pages: Any) -> None:
    old_pages.insert_one({"_id": "bad", "version": 1, "title": 5})
    outcome = wiki.run("migrate")
    assert outcome.code == 1
    assert "  refused: _id 'bad': title:5 is not a <class 'str'>\n" in outcome.stdout
    assert old_pages.find_one({"_id": "bad"}) == {"_id": "bad", "version": 1, "title": 5}
    status = wiki.run("status")
    assert "  run done at " in status.stdout
    assert "    refused: _id 'bad': title:" in status.stdout


# --- verify


def test_verify_fails_until_all_is_done(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("verify")
    assert outcome.code == 1
    assert outcome.stdout.splitlines() == [
        "collection  documents  old  invalid  verified",
        "pages              25   20        0  no",
    ]
    wiki.run("migrate")
    assert wiki.run("verify").code == 0
    old_pages.insert_one({"_id": 90, "version": 3, "heading": 5})
    outcome = wiki.run("verify", "--json")
    assert outcome.code == 1
    assert outcome.json["collections"][0]["invalid"] == 1


def test_verify_reads_documents_whose_stamp_does_not_tell(wiki: Application, pages: Any) -> None:
    pages.insert_many([{"title": "a"}, {"title": "a", "lang": "en"}, {"heading": "b", "title": "a"}])
    (found,) = wiki.run("verify", "--json").json["collections"]
    assert (found["total"], found["invalid"]) == (3, 3)


# --- adopt

UNSTAMPED = """\
from ming import Document, Field, Session, evolve as E

session = Session()


class Old(Document):
    class __mongometa__:
        name = "pages"
        session = session

    _id = Field(int)
    version = Field(1)
    title = Field(str, required=True)


class New(Document):
    class __mongometa__:
        name = "pages"
        session = session
        version_of = Old
        migrate = E.steps(E.move("title", "heading"))

    _id = Field(int)
    version = Field(2)
    heading = Field(str, required=True)
"""


def test_adopt_stamps_what_can_only_be_one_version(wiki: Application, pages: Any) -> None:
    wiki.write("old.py", UNSTAMPED)
    pages.insert_many([{"_id": 1, "title": "a"}, {"_id": 2, "heading": "b"}, {"_id": 3, "title": 5}])
    outcome = wiki.run("adopt", "old:New", "--dry-run")
    assert outcome.code == 1
    assert "2 to be stamped" in outcome.stdout
    assert (
        "  invalid: _id 3: Old: title: 5 is not a <class 'str'>; New: no place for title\n" in outcome.stdout
    )
    assert pages.count_documents({"version": None}) == 3
    outcome = wiki.run("adopt", "old:New", "--json")
    (report,) = outcome.json["collections"]
    assert (report["stamped"], report["invalid"]["count"]) == ({"Old": 1, "New": 1}, 1)
    assert sorted((page["_id"], page.get("version")) for page in pages.find()) == [(1, 1), (2, 2), (3, None)]


def test_adopt_takes_ambiguous_documents_for_what_it_is_told(wiki: Application, pages: Any) -> None:
    wiki.write("old.py", UNSTAMPED.replace(", required=True", ""))
    pages.insert_one({"_id": 1})
    outcome = wiki.run("adopt", "old:New")
    assert outcome.code == 1
    assert "  ambiguous: _id 1: valid as Old, New\n" in outcome.stdout
    assert wiki.run("adopt", "old:New", "--assume", "Nobody").code == 2
    assert wiki.run("adopt", "old:New", "--assume", "Old").code == 0
    assert pages.find_one() == {"_id": 1, "version": 1}


# --- indexes


def test_indexes_diff_and_sync(wiki: Application, pages: Any) -> None:
    pages.create_index("title", name="by_title")
    pages.create_index("nobody", name="by_nobody")
    outcome = wiki.run("indexes", "diff")
    assert outcome.code == 1
    assert outcome.stdout.splitlines() == [
        "pages:",
        "  + (heading: 1)",
        "  - by_title (title: 1)  # declared by PageV2 only",
        "  - by_nobody (nobody: 1)  # declared nowhere",
    ]
    outcome = wiki.run("indexes", "sync")
    assert outcome.code == 1
    assert "  + (heading: 1)\n" in outcome.stdout
    assert outcome.stdout.endswith("pages: left for --drop: by_title, by_nobody\n")
    assert {"by_title", "by_nobody"} < set(pages.index_information())
    outcome = wiki.run("indexes", "sync", "--drop", "--json")
    assert outcome.code == 0
    assert outcome.json["collections"][0]["done"]["dropped"] == ["by_title", "by_nobody"]
    assert wiki.run("indexes", "diff").stdout == "pages: as declared\n"


def test_indexes_that_the_server_refuses(wiki: Application, pages: Any) -> None:
    wiki.write(
        "strict.py", UNSTAMPED.replace('name = "pages"', 'name = "pages"\n        unique_indexes = ["title"]')
    )
    pages.insert_many([{"title": "a"}, {"title": "a"}])
    outcome = wiki.run("indexes", "sync", "strict:Old", "--json")
    assert outcome.code == 3
    assert outcome.json["error"]["exit_code"] == 3
    assert "E11000" in outcome.json["error"]["message"]
    assert "full error" not in outcome.everything


# --- check


def test_check_needs_no_database(bare: Application) -> None:
    bare.write("old.py", UNSTAMPED)
    outcome = bare.run("check", "old", "--quiet")
    assert outcome.code == 0
    assert "New: Old -> New\n" in outcome.stdout


def test_check_finds_mistakes(bare: Application) -> None:
    bare.write("old.py", UNSTAMPED.replace('E.move("title"', 'E.move("titel"'))
    outcome = bare.run("check", "old")
    assert outcome.code == 1
    assert "[reads-nothing]" in outcome.stdout
    report = bare.run("check", "old", "--json").json
    assert report["ok"] is False
    assert "reads-nothing" in {finding["code"] for finding in report["findings"]}


def test_check_compares_with_the_lock_file(bare: Application) -> None:
    bare.write("old.py", UNSTAMPED)
    assert bare.run("check", "old", "--lock", "none.json").code == 2
    assert bare.run("check", "old", "--update-lock").code == 0
    assert (bare.folder / "ming.lock.json").is_file()
    bare.write("old.py", UNSTAMPED.replace("Field(2)", "Field(2)\n    more = Field(int)"))
    outcome = bare.run("check", "old")
    assert outcome.code == 1
    assert "[schema-changed]" in outcome.stdout
    assert bare.run("check", "old", "--update-lock").code == 0


def test_check_of_promises_and_warnings(bare: Application) -> None:
    bare.write("old.py", UNSTAMPED.replace("Field(1)", "Field(1)\n    gone = Field(str)"))
    outcome = bare.run("check", "old")
    assert (outcome.code, "warning: " in outcome.stdout) == (0, True)
    assert bare.run("check", "old", "--strict").code == 1
    assert bare.run("check", "old", "--compatibility", "nonsense").code == 2


def test_check_of_stored_documents(wiki: Application, old_pages: Any) -> None:
    assert wiki.run("check", "--data").code == 0
    old_pages.insert_one({"_id": 77, "version": 9})
    outcome = wiki.run("check", "--data", "--json")
    assert outcome.code == 1
    assert outcome.json["findings"][0]["code"] == "too-new-documents"


# --- infer


def test_infer_writes_classes_that_read_the_documents(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("infer", "pages")
    assert outcome.code == 0
    wiki.write("inferred.py", outcome.stdout)
    names = wiki.run("status", "inferred", "--json").json["collections"][0]["versions"]
    assert [version["count"] for version in names] == [20, 5]
    data = wiki.run("infer", "pages", "--json").json
    assert (data["documents"], data["stamp"], data["source"]) == (25, "version", outcome.stdout)
    assert [shape["share"] for shape in data["shapes"]] == [0.8, 0.2]


def test_infer_into_a_file_that_is_not_there_yet(wiki: Application, old_pages: Any) -> None:
    outcome = wiki.run("infer", "pages", "-o", "inferred.py")
    assert outcome.code == 0
    assert outcome.stdout.endswith("written to inferred.py\n")
    before = (wiki.folder / "inferred.py").read_text(encoding="utf-8")
    assert "class " in before
    assert wiki.run("infer", "pages", "-o", "inferred.py").code == 2
    assert wiki.run("infer", "pages", "-o", "no/folder.py").code == 2
    assert (wiki.folder / "inferred.py").read_text(encoding="utf-8") == before


def test_infer_of_nothing(wiki: Application) -> None:
    outcome = wiki.run("infer", "nothing")
    assert (outcome.code, outcome.stderr) == (2, "error: there are no documents in collection 'nothing'\n")


# --- shell


def test_shell_evaluates_code(wiki: Application, old_pages: Any) -> None:
    assert wiki.run("shell", "-c", "Page.m.count()").stdout == "25\n"
    assert wiki.run("shell", "-c", "Page.m.find({'_id': 3}).first()", "--json").json["heading"] == "Page 3"
    assert (
        wiki.run("shell", "-c", "print(sessions['pages'].db.name)").stdout == f"{old_pages.database.name}\n"
    )
    assert wiki.run("shell", "-c", "1 +").code == 2
    assert wiki.run("shell", "--json").code == 2


def test_shell_prompts(wiki: Application, old_pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["print(Page.m.count())"])

    def read(prompt: str = "") -> str:
        for line in lines:
            return line
        raise EOFError

    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    outcome = wiki.run("shell")
    assert outcome.code == 0
    assert outcome.stdout.startswith("25\n")
