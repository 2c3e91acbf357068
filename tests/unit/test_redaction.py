"""No credential leaves the command."""

from __future__ import annotations

import pytest

from ming.cli.redaction import Redactor, shown_uri


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://localhost/db", "mongodb://localhost/db"),
        ("mongodb://a:b@host:1,other:2/db?w=1", "mongodb://***@host:1,other:2/db"),
        ("mongodb+srv://a:p/w@d@host/db", "mongodb+srv://***@host/db"),
        ("mongodb://a:p w?x@host/db?authSource=admin", "mongodb://***@host/db"),
        ("mim:///db?file=x", "mim:///db"),
    ],
)
def test_a_uri_for_people(uri: str, shown: str) -> None:
    assert shown_uri(uri) == shown


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("cannot reach 'mongodb://a:b@h/db', sorry", "cannot reach 'mongodb://***@h/db', sorry"),
        ("two: mongodb://a:b@h/d and x://c:d@e", "two: mongodb://***@h/d and x://***@e"),
        ("?authMechanismProperties=AWS_SESSION_TOKEN:t&w=1", "?authMechanismProperties=***&w=1"),
        ("TLSCertificateKeyFilePassword=secret", "TLSCertificateKeyFilePassword=***"),
        ("MongoClient(host='h', password='x y')", "MongoClient(host='h', password=***)"),
        ("{'pwd': 'x y', 'n': 1}", "{'pwd': ***, 'n': 1}"),
        ("password: 5 is not a str", "password: 5 is not a str"),
        ("someone@example.org", "someone@example.org"),
        ("passwords=3", "passwords=3"),
    ],
)
def test_uris_and_options_in_a_text(text: str, redacted: str) -> None:
    assert Redactor().uris(text) == redacted


def test_parts_of_known_credentials_are_secrets_as_words() -> None:
    redactor = Redactor()
    redactor.learn("mongodb://joe:hun%40ter/two@host/db?proxyPassword=other")
    text = "bad port 'two@host'; hun@ter/two; hun%40ter; other; mother; two"
    assert redactor.everything(text) == "bad port '***@host'; ***; ***; ***; mother; ***"
    assert redactor.uris(text) == text
    redactor.forget()
    assert redactor.everything(text) == text


def test_uris_that_functions_held_are_learnt() -> None:
    def connect(uri: str) -> None:
        try:
            raise ValueError("bad port 'ecret'")
        except ValueError as error:
            raise RuntimeError(f"cannot connect: {error}") from error

    redactor = Redactor()
    with pytest.raises(RuntimeError) as caught:
        connect("mongodb://joe:s/ecret@host")
    redactor.learn_from(caught.value)
    assert redactor.everything(str(caught.value)) == "cannot connect: bad port '***'"
