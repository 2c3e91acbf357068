"""Fields stored encrypted: the datastore's keys on both faces, and documents that show plain text."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import pytest
from harness.awaited import Awaited
from harness.stores import Store
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.encryption import ClientEncryption
from pymongo.errors import EncryptionError
from pymongocrypt.errors import MongoCryptError

from ming import (
    AsyncSession,
    Document,
    Field,
    Session,
    collection,
    create_async_datastore,
    create_datastore,
    create_engine,
)
from ming import schema as S
from ming.encryption import (
    DecryptedField,
    DecryptedListField,
    EncryptedListWrapper,
    EncryptedMixin,
    EncryptionConfig,
    MingEncryptionError,
    make_encryption_key,
)
from ming.exc import MingConfigError, MongoGone
from ming.utils import classproperty

Connect = Callable[..., Any]
"""Makes a datastore of the face under test, its methods awaitable."""


def settings(store: Store, **changes: Any) -> EncryptionConfig:
    return EncryptionConfig(
        {
            "kms_providers": {"local": {"key": make_encryption_key(seed=1)}},
            "key_vault_namespace": f"{store.database}.vault",
            "provider_options": {"local": {"key_alt_names": ["main", "spare"]}},
            **changes,
        }
    )


@pytest.fixture(params=["sync", "async"])
def connect(
    request: pytest.FixtureRequest, store: Store, event_loop: asyncio.AbstractEventLoop
) -> Iterator[Connect]:
    made: list[Any] = []

    def connect_sync(encryption: EncryptionConfig | None) -> Any:
        made.append(create_datastore(store.uri(), encryption=encryption))
        return Awaited(made[-1])

    def connect_async(encryption: EncryptionConfig | None) -> Any:
        made.append(create_async_datastore(store.uri(), encryption=encryption))
        return made[-1]

    async def close_async() -> None:
        for datastore in made:
            await datastore.conn.close()

    yield connect_sync if request.param == "sync" else connect_async
    if request.param == "async":
        event_loop.run_until_complete(close_async())
    else:
        for datastore in made:
            datastore.conn.close()


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    datastore = create_datastore(store.uri(), encryption=settings(store))
    yield Session(datastore)
    datastore.conn.close()


# --- datastores


async def test_equal_values_have_equal_ciphertexts(connect: Connect, store: Store) -> None:
    datastore = connect(settings(store))
    first, again = await datastore.encr("secret"), await datastore.encr("secret")
    assert isinstance(first, bson.Binary)
    assert first.subtype == 6
    assert first == again != await datastore.encr("other")
    assert b"secret" not in first
    assert await connect(settings(store)).decr(first) == "secret"


@pytest.mark.parametrize(
    "value",
    ["", "naïve ☂", 5, -(2**40), b"\x00bytes", datetime.datetime(2024, 1, 2, 3, 4, 5, 6000), bson.ObjectId()],
    ids=lambda value: type(value).__name__,
)
async def test_values_come_back_in_their_own_type(connect: Connect, store: Store, value: Any) -> None:
    datastore = connect(settings(store))
    decrypted = await datastore.decr(await datastore.encr(value))
    assert decrypted == value
    assert isinstance(decrypted, type(value))


@pytest.mark.parametrize("value", [1.5, True, [1], {"a": 1}], ids=repr)
async def test_what_deterministic_encryption_refuses(connect: Connect, store: Store, value: Any) -> None:
    with pytest.raises(EncryptionError):
        await connect(settings(store)).encr(value)


async def test_none_stays_none(connect: Connect) -> None:
    datastore = connect(None)
    assert datastore.encryption is None
    assert await datastore.encr(None) is None
    assert await datastore.decr(None) is None


async def test_without_settings_the_error_says_what_is_missing(connect: Connect) -> None:
    datastore = connect(None)
    with pytest.raises(MingEncryptionError, match="no encryption settings"):
        await datastore.encr("secret")
    with pytest.raises(MingEncryptionError, match="no encryption settings"):
        _ = datastore.encryptor


async def test_an_unknown_provider_is_named(connect: Connect, store: Store) -> None:
    with pytest.raises(MingEncryptionError, match="provider 'aws'.*'local'"):
        await connect(settings(store)).encr("secret", provider="aws")


async def test_the_encryptor_is_the_drivers_and_made_once(store: Store) -> None:
    encryption = settings(store)
    datastore = create_datastore(store.uri(), encryption=encryption)
    adatastore = create_async_datastore(store.uri(), encryption=encryption)
    assert datastore.encryption is adatastore.encryption is encryption
    assert isinstance(datastore.encryptor, ClientEncryption)
    assert isinstance(adatastore.encryptor, AsyncClientEncryption)
    assert datastore.encryptor is datastore.encryptor
    assert adatastore.encryptor is adatastore.encryptor
    datastore.conn.close()
    await adatastore.conn.close()


async def test_keys_are_made_on_demand_and_once(connect: Connect, store: Store) -> None:
    datastore = connect(settings(store))
    await datastore.encr("a")
    await datastore.encr("b")
    keys = [key async for key in datastore.db["vault"].find()]
    assert [sorted(key["keyAltNames"]) for key in keys] == [["main", "spare"]]


async def test_make_data_key(connect: Connect, store: Store) -> None:
    two = {"local": {"key_alt_names": ["one"]}, "local:second": {"key_alt_names": ["two"]}}
    master_keys = {name: {"key": make_encryption_key(seed=name)} for name in two}
    datastore = connect(settings(store, kms_providers=master_keys, provider_options=two))
    await datastore.make_data_key()
    keys = [key async for key in datastore.db["vault"].find()]
    assert sorted(key["keyAltNames"] for key in keys) == [["one"], ["two"]]
    indexes = await datastore.db["vault"].index_information()
    (index,) = (index for index in indexes.values() if index["key"] == [("keyAltNames", 1)])
    assert index["unique"] is True
    assert index["partialFilterExpression"] == {"keyAltNames": {"$exists": True}}
    with pytest.raises(EncryptionError):
        await datastore.make_data_key()
    assert await datastore.db["vault"].count_documents({}) == 2


async def test_missing_keys_are_made_for_the_provider_asked_for(connect: Connect, store: Store) -> None:
    """Ming 0.17 tried again with the provider 'local'."""
    two = {"local": {"key_alt_names": ["one"]}, "local:second": {"key_alt_names": ["two"]}}
    master_keys = {name: {"key": make_encryption_key(seed=name)} for name in two}
    datastore = connect(settings(store, kms_providers=master_keys, provider_options=two))
    second = await datastore.encr("secret", provider="local:second")
    assert second == await datastore.encr("secret", provider="local:second")
    assert second != await datastore.encr("secret")
    assert await datastore.decr(second) == "secret"


async def test_a_provider_added_later_gets_its_key(connect: Connect, store: Store) -> None:
    await connect(settings(store)).make_data_key()
    two = {"local": {"key_alt_names": ["main", "spare"]}, "local:second": {"key_alt_names": ["two"]}}
    master_keys = {name: {"key": make_encryption_key(seed=1)} for name in two}
    datastore = connect(settings(store, kms_providers=master_keys, provider_options=two))
    assert await datastore.decr(await datastore.encr("secret", "local:second")) == "secret"


def test_threads_that_encrypt_first_at_once_make_one_key(store: Store) -> None:
    datastores = [create_datastore(store.uri(), encryption=settings(store)) for _ in range(6)]
    with ThreadPoolExecutor(len(datastores)) as pool:
        ciphertexts = set(pool.map(lambda datastore: datastore.encr("secret"), datastores))
    assert len(ciphertexts) == 1
    assert datastores[0].db["vault"].count_documents({}) == 1
    for datastore in datastores:
        datastore.conn.close()


async def test_tasks_that_encrypt_first_at_once_make_one_key(store: Store) -> None:
    datastores = [create_async_datastore(store.uri(), encryption=settings(store)) for _ in range(6)]
    ciphertexts = await asyncio.gather(*(datastore.encr("secret") for datastore in datastores))
    assert len(set(ciphertexts)) == 1
    assert await datastores[0].db["vault"].count_documents({}) == 1
    for datastore in datastores:
        await datastore.conn.close()


async def test_decrypting_creates_no_keys(connect: Connect, store: Store) -> None:
    ciphertext = await connect(settings(store)).encr("secret")
    stranger = connect(settings(store, key_vault_namespace=f"{store.database}.elsewhere"))
    with pytest.raises(EncryptionError):
        await stranger.decr(ciphertext)
    assert "elsewhere" not in await stranger.db.list_collection_names()


@pytest.mark.parametrize("value", [b"plain", "plain"])
async def test_decrypting_what_is_no_ciphertext(connect: Connect, store: Store, value: Any) -> None:
    with pytest.raises(TypeError):
        await connect(settings(store)).decr(value)


async def test_a_bad_master_key(connect: Connect, store: Store) -> None:
    with pytest.raises(MongoCryptError):
        await connect(settings(store, kms_providers={"local": {"key": "c2hvcnQ="}})).encr("secret")


async def test_a_vault_under_another_master_key(connect: Connect, store: Store) -> None:
    await connect(settings(store)).make_data_key()
    other = settings(store, kms_providers={"local": {"key": make_encryption_key(seed=2)}})
    with pytest.raises(EncryptionError):
        await connect(other).encr("secret")


def test_encryption_and_bind_contradict_each_other() -> None:
    with pytest.raises(MingConfigError, match="encryption"):
        create_datastore("wiki", bind=create_engine("mim:///"), encryption=EncryptionConfig({}))


# --- documents


@pytest.fixture
def person(session: Session) -> Any:
    session_ = session

    class Person(Document):
        class __mongometa__:
            name = "people"
            session = session_
            indexes = ("ssn_encrypted",)

        _id = Field(S.ObjectId)
        name = Field(str)
        ssn = DecryptedField(str, "ssn_encrypted")
        ssn_encrypted = Field(S.Binary)
        old = Field(S.Deprecated)
        age_encrypted = Field(S.Binary)
        age = DecryptedField((int, float), "age_encrypted")
        nicks_encrypted = Field([S.Binary])
        nicks = DecryptedListField[str]("nicks_encrypted")

    return Person


@pytest.fixture
def employee(person: Any) -> Any:
    class Employee(person):  # type: ignore[misc]
        salary_encrypted = Field(S.Binary)
        salary = DecryptedField(int, "salary_encrypted")

    return Employee


def test_names_of_fields(person: Any, employee: Any) -> None:
    assert person.encrypted_field_names() == ["ssn_encrypted", "age_encrypted", "nicks_encrypted"]
    assert person.decrypted_field_names() == ["ssn", "age", "nicks"]
    assert employee.decrypted_field_names() == ["ssn", "age", "nicks", "salary"]
    assert person._field_names == [
        "_id",
        "name",
        "ssn_encrypted",
        "age_encrypted",
        "nicks_encrypted",
    ]


def test_a_document_is_stored_encrypted_and_read_in_plain_text(person: Any, session: Session) -> None:
    person.make_encr({"name": "Ada", "ssn": "123", "age": 36, "nicks": ["A", None]}).m.save()
    raw = session.db["people"].find_one()
    assert raw["name"] == "Ada"
    assert raw["ssn_encrypted"] == person.encr("123")
    assert raw["nicks_encrypted"] == [person.encr("A"), None]
    assert raw.keys() == {"_id", "name", "ssn_encrypted", "age_encrypted", "nicks_encrypted"}

    doc = person.m.find({"ssn_encrypted": person.encr("123")}).one()
    assert (doc.ssn, doc.age, list(doc.nicks)) == ("123", 36, ["A", None])
    assert "ssn" not in doc
    with pytest.raises(KeyError):
        doc["ssn"]


def test_encrypt_some_fields(person: Any) -> None:
    data = {"ssn": "123", "age": None, "nicks": None, "name": "Ada", "other": 1}
    before = dict(data)
    encrypted = person.encrypt_some_fields(data)
    assert data == before
    assert encrypted == {
        "ssn_encrypted": person.encr("123"),
        "age_encrypted": None,
        "nicks_encrypted": [],
        "name": "Ada",
        "other": 1,
    }


def test_encrypt_some_fields_needs_no_descriptor(session: Session) -> None:
    session_ = session

    class Plain(Document):
        class __mongometa__:
            name = "plain"
            session = session_

        a_encrypted = Field(S.Binary)

    assert Plain.encrypt_some_fields({"a": "x"}) == {"a_encrypted": Plain.encr("x")}
    doc = Plain.make_encr({"a": "x"})
    with pytest.raises(AttributeError):
        doc.decrypt_some_fields()


def test_decrypt_some_fields(person: Any) -> None:
    doc = person.make_encr({"name": "Ada", "ssn": "123", "nicks": ["A"]})
    decrypted = doc.decrypt_some_fields()
    assert decrypted == {"_id": doc._id, "name": "Ada", "ssn": "123", "age": None, "nicks": ["A"]}
    assert type(decrypted) is dict
    assert type(decrypted["nicks"]) is list


def test_make_takes_stored_names_only(person: Any) -> None:
    with pytest.raises(S.Invalid, match="ssn"):
        person.make({"ssn": "123"})


def test_descriptors_on_the_class(person: Any) -> None:
    assert isinstance(person.ssn, DecryptedField)
    assert person.age.field_type == (int, float)
    assert person.ssn.encrypted_field == "ssn_encrypted"
    assert person.nicks.encrypted_field == "nicks_encrypted"
    assert person.ssn_encrypted.name == "ssn_encrypted"


def test_writing_in_plain_text(person: Any, employee: Any) -> None:
    for cls in (person, employee):
        doc = cls.make({})
        doc.ssn = "123"
        assert doc.ssn_encrypted == doc["ssn_encrypted"] == cls.encr("123")
        doc.ssn = None
        assert doc.ssn_encrypted is doc.ssn is None
        doc.ssn_encrypted = cls.encr("456")
        assert doc.ssn == "456"
        assert "ssn" not in doc


@pytest.mark.parametrize(("name", "value"), [("ssn", 123), ("ssn", b"123"), ("age", "36")])
def test_writing_a_value_of_another_type(person: Any, name: str, value: Any) -> None:
    doc = person.make({})
    with pytest.raises(TypeError, match=f"^not .*, got {value!r}$"):
        setattr(doc, name, value)
    assert doc[f"{name}_encrypted"] is None


def test_absent_ciphertexts(person: Any) -> None:
    doc = person({})
    with pytest.raises(AttributeError):
        _ = doc.ssn
    with pytest.raises(AttributeError):
        del doc.ssn
    assert doc.decrypt_some_fields() == {}


def test_lists_are_views_of_the_stored_list(person: Any) -> None:
    doc = person.make_encr({"nicks": ["A"]})
    stored = doc["nicks_encrypted"]
    assert isinstance(doc.nicks, EncryptedListWrapper)
    doc.nicks.append("B")
    doc.nicks += ["C"]
    assert doc["nicks_encrypted"] is stored
    assert stored == [person.encr(nick) for nick in "ABC"]
    assert doc.nicks == ["A", "B", "C"]


def test_writing_lists(person: Any) -> None:
    doc = person.make({})
    doc.nicks = (nick for nick in ("A", None))
    assert doc.nicks_encrypted == [person.encr("A"), None]
    other = person.make({})
    other.nicks = doc.nicks
    assert other.nicks == ["A", None]
    assert other.nicks_encrypted is not doc.nicks_encrypted
    doc.nicks = None
    assert doc.nicks_encrypted == []


@pytest.mark.parametrize("data", [{}, {"nicks_encrypted": None}])
def test_reading_a_list_that_is_not_there_stores_an_empty_one(person: Any, data: dict[str, Any]) -> None:
    doc = person(data)
    doc.nicks.append("A")
    assert doc.nicks_encrypted == [person.encr("A")]


def test_deleting_a_list(person: Any) -> None:
    doc = person.make({})
    del doc.nicks
    assert "nicks_encrypted" not in doc


def test_imperative_documents_are_supported(session: Session) -> None:
    """Ming 0.17 raised NotImplementedError."""
    person = collection("people", session, Field("ssn_encrypted", S.Binary), Field("name", str))
    assert person.encrypted_field_names() == ["ssn_encrypted"]
    assert person.decr(person.encrypt_some_fields({"ssn": "123"})["ssn_encrypted"]) == "123"


def test_other_users_of_the_mixin_say_where_to_look() -> None:
    class Lost(EncryptedMixin):
        pass

    with pytest.raises(NotImplementedError, match="Lost.*'_datastore'"):
        Lost.encr("x")
    with pytest.raises(NotImplementedError, match="Lost.*'_field_names'"):
        Lost.encrypted_field_names()


def test_other_users_of_the_mixin_can_supply_it(session: Session) -> None:
    class Found(EncryptedMixin):
        a_encrypted: Any = None
        a = DecryptedField(str, "a_encrypted")

        @classproperty
        def _datastore(cls: Any) -> Any:
            return session.bind

        @classproperty
        def _field_names(cls: Any) -> list[str]:
            return ["a_encrypted"]

    found = Found()
    found.a = "x"
    assert found.a_encrypted == Found.encr("x")
    assert found.decrypt_some_fields() == {"a": "x"}


def test_a_class_without_connection() -> None:
    class Adrift(Document):
        class __mongometa__:
            name = "adrift"
            session = Session()

        a_encrypted = Field(S.Binary)
        a = DecryptedField(str, "a_encrypted")

    assert Adrift.make_encr({"a": None}).a is None
    with pytest.raises(MongoGone, match="Adrift"):
        Adrift.encr("x")


async def test_both_faces_read_what_the_other_has_encrypted(
    store: Store, session: Session, person: Any
) -> None:
    datastore = create_async_datastore(store.uri(), encryption=settings(store))
    asession = AsyncSession(datastore)
    await asession.save(person.make({"ssn_encrypted": await datastore.encr("123")}))
    assert person.m.find({"ssn_encrypted": person.encr("123")}).one().ssn == "123"
    found = await asession.find(person, {"ssn_encrypted": person.encr("123")}).one()
    assert await datastore.decr(found.ssn_encrypted) == "123"
    await datastore.conn.close()
