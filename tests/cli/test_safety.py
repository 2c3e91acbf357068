"""What leaves the command: exit codes, no credentials, no control characters, runs that can be resumed."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pymongo
import pytest
from harness.command import MODELS, Application
from harness.stores import Store

PASSWORDS = ["s3cr3t", "p%40ss%2Fword", "sl/a:sh@at", "qu3x?st9q#1zon"]
"""As they stand in a URI; the last two are not escaped as they should be."""

VERBS = [
    ["status"],
    ["plan"],
    ["migrate"],
    ["migrate", "--dry-run"],
    ["verify"],
    ["check"],
    ["adopt"],
    ["indexes", "diff"],
    ["indexes", "sync"],
    ["shell", "-c", "1"],
]


# --- credentials


def leaks(text: str, password: str) -> list[str]:
    parts = {password, unquote(password), *re.split(r"[/:@?#]", password)}
    return [part for part in parts if len(part) > 2 and part in text]


WAYS = ["argument", "settings", "application", "json", "traceback"]
CASES = [(verb, PASSWORDS[0], "environment") for verb in VERBS]
CASES += [(["status"], password, way) for password in PASSWORDS for way in WAYS]


@pytest.mark.parametrize(("verb", "password", "way"), CASES)
def test_no_verb_shows_a_password(bare: Application, verb: list[str], password: str, way: str) -> None:
    uri = f"mongodb://someone:{password}@127.0.0.1:1/db?serverSelectionTimeoutMS=50&authSource=admin"
    bare.write("wiki.py", MODELS)
    arguments = [*verb, "wiki"]
    environment = {}
    if way == "settings":
        bare.write("pyproject.toml", f"[tool.ming]\nuri = '{uri}'\n")
    elif way == "application":
        made = f"Session(create_datastore({uri!r}, connect_retry=0))"
        bare.write(
            "wiki.py", MODELS.replace("import Doc", "import create_datastore, Doc").replace("Session()", made)
        )
    elif way == "argument":
        arguments += ["--uri", uri]
    else:
        environment = {"MING_URI": uri}
        arguments = {"json": [*arguments, "--json"], "traceback": ["--traceback", *arguments]}.get(
            way, arguments
        )
    outcome = bare.run(*arguments, environment=environment)
    assert outcome.code in ((0,) if verb[0] in ("check", "shell") else (2, 3)), outcome.everything
    assert leaks(outcome.everything, password) == []


def test_options_that_hold_credentials_are_not_shown(bare: Application) -> None:
    bare.write("wiki.py", MODELS)
    secret = "AWS_SESSION_TOKEN:t0ken"
    uri = f"mongodb://h:1/db?serverSelectionTimeoutMS=50&authMechanismProperties={secret}&nonsense=x"
    outcome = bare.run("--traceback", "status", "wiki", "--uri", uri)
    assert "t0ken" not in outcome.everything


def test_a_misplaced_uri_is_not_shown(bare: Application) -> None:
    uri = "mongodb://someone:s3cr3t@host/db"
    for arguments in (["status", uri], [uri], ["serve", uri], ["status", "--timeout", uri], ["indexes", uri]):
        outcome = bare.run(*arguments)
        assert outcome.code == 2
        assert "s3cr3t" not in outcome.everything


def test_credentials_in_logs_and_data_are_not_shown(wiki: Application, pages: Any) -> None:
    uri = "mongodb://someone:s3cr3t@host/db"
    wiki.write("noisy.py", f"{MODELS}\nimport logging\nlogging.getLogger('app').warning({uri!r})\n")
    pages.insert_one({"_id": uri, "version": 1, "title": 5})
    for arguments in (["migrate", "noisy"], ["status", "noisy"], ["status", "noisy", "--json"]):
        outcome = wiki.run(*arguments)
        assert outcome.code == 1
        assert "s3cr3t" not in outcome.everything
        assert "mongodb://***@host/db" in outcome.everything


# --- what a terminal would obey


NASTY = "\x1b[31mred\x1b[0m \x07 \r\n\u202e \x9b1m [bold]not bold[/bold]"


def test_control_characters_of_documents_are_shown_not_obeyed(wiki: Application, pages: Any) -> None:
    pages.insert_one({"_id": NASTY, "version": 1, "title": 5})
    pages.create_index("title", name=NASTY)
    for arguments in (
        ["migrate"],
        ["status"],
        ["migrate", "--dry-run"],
        ["indexes", "diff"],
        ["status", "--json"],
    ):
        outcome = wiki.run(*arguments)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", outcome.stdout), arguments
        assert "[bold]not bold[/bold]" in outcome.stdout or arguments == ["status", "--json"]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_no_colours_where_nobody_looks(wiki: Application, old_pages: Any, verb: list[str]) -> None:
    outcome = wiki.run(*verb, environment={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert "\x1b" not in outcome.everything


def on_terminal(application: Application, *arguments: str) -> str:
    """What the command shows on a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, **application.environment, "TERM": "xterm-256color", "COLUMNS": "100"}
    library = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "ming", *arguments],
        cwd=application.folder,
        env={**environment, "PYTHONPATH": str(library)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        # Linux says so when the other end is closed.
        pass
    finally:
        os.close(ours)
    process.wait(timeout=60)
    return shown.decode()


@pytest.mark.mongod
def test_bars_and_colours_on_a_terminal(bare: Application, mongod_store: Any) -> None:
    wiki = mongod_store(bare)
    shown = on_terminal(wiki, "status")
    assert "█" in shown
    assert "\x1b[3" in shown
    assert "\x1b[" in on_terminal(wiki, "migrate")
    assert "verified" in on_terminal(wiki, "verify")


@pytest.fixture
def mongod_store(mongod_uri: str, tmp_path: Path) -> Any:
    """Makes an application with old pages on a server."""
    from harness.stores import MongodStore

    store = MongodStore(mongod_uri)

    def make(application: Application, count: int = 20) -> Application:
        application.environment["MING_URI"] = store.uri()
        application.write("wiki.py", MODELS)
        application.write("pyproject.toml", '[tool.ming]\nmodels = ["wiki"]\n')
        with pymongo.MongoClient[dict[str, Any]](store.uri()) as client:
            page = {"version": 1, "title": "t", "meta": {"tags": ["a"]}}
            client[store.database]["pages"].insert_many([{"_id": number, **page} for number in range(count)])
        return application

    yield make
    store.drop()


# --- interruptions


@pytest.mark.mongod
def test_an_interrupted_run_is_resumed(bare: Application, mongod_store: Any) -> None:
    wiki = mongod_store(bare, 3000)
    process = wiki.start("migrate", "--range-size", "20", "--duty", "1%")
    database = pymongo.uri_parser.parse_uri(wiki.environment["MING_URI"])["database"]
    with pymongo.MongoClient[dict[str, Any]](wiki.environment["MING_URI"]) as client:
        pages = client[database]["pages"]
        wait_until(lambda: pages.count_documents({"version": 3}) > 0)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "error: interrupted; the run of pages is unfinished" in stderr
        assert "Traceback" not in stderr
        done = pages.count_documents({"version": 3})
        assert 0 < done < 3000
        status = wiki.execute("status", "--json").json["collections"][0]
        assert status["run"]["state"] in ("running", "paused")
        resumed = wiki.execute("migrate", "--json")
        assert resumed.code == 0
        assert resumed.json["collections"][0]["run"] == status["run"]["run"]
        assert pages.count_documents({"version": 3}) == 3000


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_interrupted_verb_says_so(wiki: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ming.cli.status.find_status", interrupted)
    outcome = wiki.run("status")
    assert (outcome.code, outcome.stderr) == (130, "error: interrupted\n")


def test_the_embedded_engine_is_served_until_interrupted(bare: Application) -> None:
    process = bare.start("serve", "--port", "0", "--json")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "}\n")
    uri = re.search(r'"uri": "(.*)"', "".join(lines))
    assert uri is not None
    with pymongo.MongoClient[dict[str, Any]](uri[1]) as client:
        client.db.docs.insert_one({"_id": 1})
        assert client.db.docs.count_documents({}) == 1
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


# --- the command as a whole


def test_no_server(bare: Application) -> None:
    bare.write("wiki.py", MODELS)
    outcome = bare.run("status", "wiki", "--uri", "mongodb://127.0.0.1:1/db", "--timeout", "0.1")
    assert outcome.code == 3
    assert outcome.stderr == "error: no server answers: 127.0.0.1:1: [Errno 111] Connection refused\n"


def test_errors_as_json(bare: Application) -> None:
    bare.write("wiki.py", MODELS)
    outcome = bare.run("status", "wiki", "--json")
    assert outcome.code == 2
    assert outcome.json == {
        "error": {
            "type": "UsageProblem",
            "message": "no database for Page: give --uri, set MING_URI, or set uri in [tool.ming] of pyproject.toml",
            "exit_code": 2,
        }
    }


def test_what_nobody_expected(wiki: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ming.cli.status.find_status", lambda *_: 1 / 0)
    outcome = wiki.run("status")
    assert outcome.code == 70
    assert outcome.stderr.startswith("Traceback")
    assert outcome.stderr.endswith("error: ZeroDivisionError: division by zero\n")


def test_errors_of_the_library_are_findings(wiki: Application, pages: Any) -> None:
    outcome = wiki.run("shell", "-c", "Page.make({'title': 'x'})")
    assert outcome.code == 1
    assert outcome.stderr.startswith("error: version:")


def test_reading_only_the_beginning_is_no_error(bare: Application) -> None:
    process = bare.start("--help")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) in (0, 1)
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_without_the_extra(bare: Application) -> None:
    bare.write("click.py", "raise ModuleNotFoundError(\"No module named 'click'\", name='click')")
    outcome = bare.execute("status")
    assert outcome.code == 2
    assert outcome.stderr == "error: the command needs click: pip install 'Ming[cli]'\n"


def test_the_help_names_every_verb(bare: Application) -> None:
    from ming.cli.app import VERBS

    outcome = bare.execute("--help")
    assert outcome.code == 0
    commands = outcome.stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in commands.splitlines()] == list(VERBS)
    for verb in VERBS:
        assert bare.run(verb, "--help").code == 0


def test_every_verb_prints_json(wiki: Application, old_pages: Any, store: Store) -> None:
    for verb in VERBS:
        outcome = wiki.run(*verb, "--json")
        assert outcome.code in (0, 1)
        assert outcome.json is not None
