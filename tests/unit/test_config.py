"""`ming.configure`: settings in, datastores out, named sessions bound."""

from __future__ import annotations

import base64
import copy
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import ming
from ming import AsyncSession
from ming.config import MIM_TEST_KEY, configure, configure_from_nested_dict
from ming.datastore import DataStore
from ming.encryption import EncryptionConfig
from ming.exc import MingConfigError, MongoGone
from ming.session import Session

# FormEncode imports a module that Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named sessions of other tests are none of ours, nor ours theirs."""
    for face in (Session, AsyncSession):
        monkeypatch.setattr(face, "_registry", {})
        monkeypatch.setattr(face, "_datastores", {})


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the client is made with, once it is."""
    received: dict[str, Any] = {}

    def make_client(*args: Any, **kwargs: Any) -> Any:
        received.update(kwargs, args=args)
        return ming.mim.Connection()

    monkeypatch.setattr("ming.datastore.MongoClient", make_client)
    return received


def configured(**settings: Any) -> DataStore:
    """The datastore of one session's settings."""
    assert configure_from_nested_dict({"main": settings}) is None  # type: ignore[func-returns-value]
    datastore: DataStore = Session.by_name("main").bind
    return datastore


def invalid(**settings: Any) -> dict[str, Any]:
    """The errors of one session's settings."""
    from formencode import Invalid  # type: ignore[import-untyped]

    with pytest.raises(Invalid) as caught:
        configured(**settings)
    errors: dict[str, Any] = caught.value.error_dict
    return errors


# --- from settings to sessions


def test_flat_settings_bind_named_sessions() -> None:
    early = Session.by_name("main")
    assert early.bind is None
    ming.configure(
        **{"ming.main.uri": "mim:///wiki", "ming.other-store.uri": "mim:///other", "debug": "true"}
    )
    assert early.bind.name == "wiki"
    assert Session.by_name("main") is early
    assert Session.by_name("other-store").bind.name == "other"
    assert Session._datastores.keys() == {"main", "other-store"}


def test_nested_settings_do_the_same() -> None:
    assert configured(uri="mim:///wiki").name == "wiki"


def test_no_settings_of_ming() -> None:
    with pytest.raises(KeyError):
        configure(**{"debug": "true", "mingle.main.uri": "mim:///wiki"})


def test_no_uri() -> None:
    with pytest.raises(KeyError, match="'main' lack a 'uri'"):
        configured(connect_retry="1")


def test_settings_that_are_no_dict() -> None:
    with pytest.raises(MingConfigError, match="'main' are no dict but 'mim:///wiki'"):
        configure(**{"ming.main": "mim:///wiki"})


def test_configuring_anew_replaces_the_datastores_and_rebinds() -> None:
    configure_from_nested_dict({"kept": {"uri": "mim:///a"}, "again": {"uri": "mim:///b"}})
    kept, again = Session.by_name("kept"), Session.by_name("again")
    configure_from_nested_dict({"again": {"uri": "mim:///c"}})
    assert Session._datastores.keys() == {"again"}
    assert again.bind.name == "c"
    assert kept.bind.name == "a", "a session in use is not disconnected by settings that do not name it"


@pytest.mark.parametrize("face", [Session, AsyncSession])
def test_a_session_without_settings_says_its_name(face: type[Session | AsyncSession]) -> None:
    early = face.by_name("early")
    face._registry["taken in"] = face()
    configured(uri="mim:///wiki")
    for session, name in (
        (early, "early"),
        (face._registry["taken in"], "taken in"),
        (face.by_name("late"), "late"),
    ):
        with pytest.raises(MongoGone, match=f'No MongoDB connection for "{name}"'):
            _ = session.db


async def test_asynchronous_sessions_of_the_same_names_are_bound() -> None:
    early = AsyncSession.by_name("main")
    datastore = configured(uri="mim:///wiki", auto_ensure_indexes="false")
    assert AsyncSession.by_name("main") is early
    assert AsyncSession.by_name("main").bind.name == "wiki"
    assert early.bind.encryption.kms_providers == datastore.encryption.kms_providers  # type: ignore[union-attr]
    datastore.db.pages.insert_one({"_id": 1})
    assert await early.db.pages.find_one() == {"_id": 1}
    datastore.conn.drop_all()


async def test_the_asynchronous_client_gets_what_ming_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    make_client = mock.Mock()
    monkeypatch.setattr("ming.datastore.AsyncMongoClient", make_client)
    configured(uri="mongodb://localhost/wiki", auto_ensure_indexes="false", w="2")
    assert AsyncSession.by_name("main").bind.conn is make_client.return_value
    make_client.assert_called_once_with("mongodb://localhost/wiki", tz_aware=False, w="2")


def test_settings_stay_as_they_are() -> None:
    settings = {"main": {"uri": "mim:///wiki", "connect_retry": "2"}}
    before = copy.deepcopy(settings)
    configure_from_nested_dict(settings)
    assert settings == before


def test_nothing_is_bound_when_one_of_several_is_wrong() -> None:
    from formencode import Invalid

    old = configured(uri="mim:///old")
    with pytest.raises(Invalid):
        configure_from_nested_dict(
            {"main": {"uri": "mim:///new"}, "b": {"uri": "mim:///b", "connect_retry": "x"}}
        )
    assert Session.by_name("main").bind is old


# --- single settings


@pytest.mark.parametrize(
    ("given", "retries"),
    [({}, 3), ({"connect_retry": ""}, 0), ({"connect_retry": "7"}, 7), ({"connect_retry": 1}, 1)],
)
def test_connect_retry(given: dict[str, Any], retries: int) -> None:
    assert configured(uri="mim:///wiki", **given).bind._connect_retry == retries


@pytest.mark.parametrize("text", ["true", "T", "yes", "Y", "On", "1", True])
def test_auto_ensure_indexes_on(text: Any) -> None:
    assert configured(uri="mim:///wiki", auto_ensure_indexes=text).bind._auto_ensure_indexes is True


@pytest.mark.parametrize("text", ["FALSE", "f", "No", "n", "off", "0", "", False])
def test_auto_ensure_indexes_off(text: Any) -> None:
    assert not configured(uri="mim:///wiki", auto_ensure_indexes=text).bind._auto_ensure_indexes


def test_auto_ensure_indexes_is_on_without_a_setting() -> None:
    assert configured(uri="mim:///wiki").bind._auto_ensure_indexes is True


@pytest.mark.parametrize(
    ("given", "is_aware"),
    [({}, False), ({"tz_aware": ""}, False), ({"tz_aware": "true"}, True), ({"tz_aware": True}, True)],
)
def test_tz_aware_always_reaches_the_client(
    client: dict[str, Any], given: dict[str, Any], is_aware: bool
) -> None:
    assert configured(uri="mongodb://localhost/wiki", **given).conn is not None
    assert client["tz_aware"] is is_aware


def test_tz_aware_false_is_false(client: dict[str, Any]) -> None:
    """Ming 0.17 took any text for true."""
    assert configured(uri="mongodb://localhost/wiki", tz_aware="false").conn is not None
    assert client["tz_aware"] is False


def test_the_client_gets_the_uri_and_what_ming_does_not_know(client: dict[str, Any]) -> None:
    configure(
        **{
            "ming.main.uri": "mongodb://localhost/wiki",
            "ming.main.replicaSet": "rs0",
            "ming.main.w": "2",
            "ming.main.tag.inner": "x",
            "ming.main.hosts-0": "a",
            "ming.main.hosts-1": "b",
        }
    )
    assert Session.by_name("main").bind.conn is not None
    assert client == {
        "args": ("mongodb://localhost/wiki",),
        "tz_aware": False,
        "replicaSet": "rs0",
        "w": "2",
        "tag": {"inner": "x"},
        "hosts": ["a", "b"],
    }


def test_database_is_handed_to_the_client_if_set(client: dict[str, Any]) -> None:
    datastore = configured(uri="mongodb://localhost/wiki", database="other")
    assert datastore.name == "wiki"
    assert datastore.conn is not None
    assert client["database"] == "other"


def test_an_empty_database_is_none(client: dict[str, Any]) -> None:
    assert configured(uri="mongodb://localhost/wiki", database="").conn is not None
    assert "database" not in client


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("auto_ensure_indexes", "maybe"),
        ("tz_aware", "maybe"),
        ("connect_retry", "often"),
        ("connect_retry", "2.5"),
    ],
)
def test_invalid_values_are_named(setting: str, value: str) -> None:
    assert invalid(uri="mim:///wiki", **{setting: value}).keys() == {setting}


# --- encryption


ENCRYPTION = {
    "kms_providers.local.key": MIM_TEST_KEY,
    "key_vault_namespace": "vault.keys",
    "provider_options.local.key_alt_names": "a, b",
}


def test_encryption_settings() -> None:
    flat = {f"ming.main.encryption.{name}": value for name, value in ENCRYPTION.items()}
    configure(**{"ming.main.uri": "mongodb://localhost/wiki", **flat})
    encryption = Session.by_name("main").bind.encryption
    assert isinstance(encryption, EncryptionConfig)
    assert encryption.kms_providers == {"local": {"key": MIM_TEST_KEY}}
    assert encryption.key_vault_namespace == "vault.keys"
    assert encryption.provider_options == {"local": {"key_alt_names": ["a", "b"]}}


def test_encryption_errors_are_nested() -> None:
    errors = invalid(uri="mim:///wiki", encryption={"key_vault_namespace": "a.b"})
    found = {name: str(error) for name, error in errors["encryption"].error_dict.items()}
    assert found.keys() == {"kms_providers", "provider_options"}
    assert found["kms_providers"].startswith("Missing required encryption configuration field kms_providers")


def test_in_memory_default() -> None:
    settings = {"main": {"uri": "mim:///wiki"}}
    configure_from_nested_dict(settings)
    encryption = Session.by_name("main").bind.encryption
    assert encryption.kms_providers == {"local": {"key": MIM_TEST_KEY}}
    assert encryption.key_vault_namespace == "encryption_test.coll_key_vault_test"
    assert encryption.provider_options == {"local": {"key_alt_names": ["datakeyName"]}}
    assert "encryption" not in settings["main"]


@pytest.mark.parametrize("uri", ["mongodb://localhost/wiki", "mim:wiki", "wiki"])
def test_no_default_for_other_uris(uri: str) -> None:
    assert configured(uri=uri).encryption is None


def test_no_default_beside_an_entry() -> None:
    assert configured(uri="mim:///wiki", encryption="").encryption is None
    assert ming.create_datastore("mim:///wiki").encryption is None


def test_the_key_of_in_memory_datastores() -> None:
    assert len(base64.b64decode(MIM_TEST_KEY, validate=True)) == 96
    program = "import ming.config; print(ming.config.MIM_TEST_KEY)"
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert other.stdout.strip() != MIM_TEST_KEY


# --- FormEncode


@pytest.mark.parametrize("missing", ["formencode", "formencode.variabledecode"])
def test_formencode_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MingConfigError, match="FormEncode"):
        configure(**{"ming.main.uri": "mim:///wiki"})
    with pytest.raises(MingConfigError, match="FormEncode"):
        configure_from_nested_dict({"main": {"uri": "mim:///wiki"}})


def test_formencode_is_imported_only_when_called() -> None:
    program = "import sys, ming.config; sys.exit('formencode' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_file_of_the_embedded_engine_gets_no_key_of_the_process(tmp_path: Path) -> None:
    """What the key encrypted would be lost with it."""
    ming.configure(**{"ming.kept.uri": f"mim:///kept?file={tmp_path}/kept.ming"})
    datastore = ming.Session.by_name("kept").bind
    assert datastore.encryption is None
    datastore.conn.close()
