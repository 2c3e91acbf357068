"""The documents that benchmarks work with: small, medium, large, and a blog post, as classes and as raw data.

Raw documents hold their keys in the order in which this library stores them: sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bson

from ming import Document, Field, Session
from ming import evolve as E
from ming import schema as S

__all__ = ["KINDS", "OLD_MEDIUM", "STEPPED_MEDIUM", "UPGRADED_MEDIUM", "Kind", "session"]

RawDocument = dict[str, Any]

session = Session()
_START = datetime(2024, 5, 6, 7, 8, 9, 123000)


class Small(Document):
    """Five scalars."""

    class __mongometa__:
        session = session
        name = "small"

    _id = Field(S.ObjectId)
    active = Field(bool)
    count = Field(int)
    name = Field(str)
    score = Field(float)


class Person(Document):
    """What medium documents of every version share."""

    class __mongometa__:
        session = session

    _id = Field(S.ObjectId)
    city = Field(str)
    company = Field(str)
    confirmed = Field(bool)
    country = Field(str)
    created = Field(datetime)
    email = Field(str)
    followers = Field(int)
    following = Field(int)
    height = Field(float)
    language = Field(str)
    latitude = Field(float)
    logins = Field(int)
    longitude = Field(float)
    modified = Field(datetime)
    newsletter = Field(bool)
    phone = Field(str)
    postcode = Field(str)
    posts = Field(int)
    settings = Field({"columns": int, "dark": bool, "theme": str, "zoom": float})
    street = Field(str)
    tags = Field([str])
    visits = Field(int)


class Medium(Person):
    """Twenty-five fields, among them an embedded document and a list of ten."""

    class __mongometa__:
        name = "medium"

    first_name = Field(str)
    last_name = Field(str)


class OldMedium(Person):
    """A medium document from when people had one name."""

    class __mongometa__:
        name = "upgraded"

    name = Field(str)
    version = Field(1, required=True)


class UpgradedMedium(Person):
    """`OldMedium`, upgraded when it is read."""

    class __mongometa__:
        name = "upgraded"
        version_of = OldMedium

        @staticmethod
        def migrate(old: OldMedium) -> RawDocument:
            """Divide the name."""
            new = {**old, "version": 2}
            new["first_name"], _, new["last_name"] = new.pop("name").partition(" ")
            return new

    first_name = Field(str)
    last_name = Field(str)
    version = Field(2, required=True)


class SteppedMedium(Person):
    """`OldMedium`, upgraded by steps."""

    class __mongometa__:
        name = "upgraded"
        version_of = OldMedium
        migrate = E.steps(E.split("name", into=("first_name", "last_name")))

    first_name = Field(str)
    last_name = Field(str)
    version = Field(2, required=True)


class Large(Document):
    """Eighteen sections with five entries each, about 19 KB."""

    class __mongometa__:
        session = session
        name = "large"

    _id = Field(S.ObjectId)
    sections = Field(
        [
            {
                "entries": [{"at": datetime, "done": bool, "key": str, "text": str, "weight": float}],
                "heading": str,
                "position": int,
            }
        ]
    )
    title = Field(str)


class Blog(Document):
    """A blog post with twenty comments."""

    class __mongometa__:
        session = session
        name = "blog"

    _id = Field(S.ObjectId)
    author = Field({"email": str, "name": str})
    body = Field(str)
    comments = Field([{"approved": bool, "at": datetime, "author": str, "likes": int, "text": str}])
    published = Field(datetime)
    slug = Field(str)
    tags = Field([str])
    title = Field(str)


def _small(number: int) -> RawDocument:
    return {
        "_id": bson.ObjectId(),
        "active": bool(number % 2),
        "count": number,
        "name": f"name {number}",
        "score": number * 1.5,
    }


def _medium(number: int) -> RawDocument:
    return {
        "_id": bson.ObjectId(),
        "city": "Santiago de Compostela",
        "company": f"Company {number % 97}",
        "confirmed": True,
        "country": "Spain",
        "created": _START + timedelta(minutes=number),
        "email": f"person{number}@example.org",
        "first_name": f"First {number}",
        "followers": number * 3,
        "following": number * 2,
        "height": 1.78,
        "language": "gl",
        "last_name": f"Last {number}",
        "latitude": 42.8782,
        "logins": number,
        "longitude": -8.5448,
        "modified": _START + timedelta(hours=number),
        "newsletter": False,
        "phone": "+34 981 000 000",
        "postcode": "15705",
        "posts": number // 2,
        "settings": {"columns": 3, "dark": True, "theme": "granite", "zoom": 1.25},
        "street": f"Rúa do Franco {number}",
        "tags": [f"tag {index}" for index in range(10)],
        "visits": number * 7,
    }


def _large(number: int) -> RawDocument:
    return {
        "_id": bson.ObjectId(),
        "sections": [_section(index) for index in range(18)],
        "title": f"title {number}",
    }


def _section(position: int) -> RawDocument:
    entries = [
        {
            "at": _START,
            "done": True,
            "key": f"key {position}.{index}",
            "text": "x" * 120,
            "weight": index * 1.5,
        }
        for index in range(5)
    ]
    return {"entries": entries, "heading": f"Heading {position}", "position": position}


def _blog(number: int) -> RawDocument:
    comments = [
        {
            "approved": True,
            "at": _START,
            "author": f"reader {index}",
            "likes": index,
            "text": "so true! " * 12,
        }
        for index in range(20)
    ]
    return {
        "_id": bson.ObjectId(),
        "author": {"email": "ann@example.org", "name": "Ann"},
        "body": "All work and no play. " * 60,
        "comments": comments,
        "published": _START,
        "slug": f"post-{number}",
        "tags": ["one", "two", "three"],
        "title": f"Post {number}",
    }


def _old_medium(number: int) -> RawDocument:
    stored = {**_medium(number), "name": f"First Last{number}", "version": 1}
    del stored["first_name"], stored["last_name"]
    return dict(sorted(stored.items()))


@dataclass(frozen=True)
class Kind:
    """One kind of documents.

    Args:
        name: One letter.
        cls: The document class.
        make: Makes raw documents, numbered.
        count: How many of them keep a server's client busy for about a tenth of a second.
        goal: Greatest multiple of the driver's CPU time that reading them all may take.
    """

    name: str
    cls: type[Document]
    make: Callable[[int], RawDocument]
    count: int
    goal: float


KINDS = (
    Kind("S", Small, _small, 30_000, 1.4),
    Kind("M", Medium, _medium, 12_000, 1.25),
    Kind("L", Large, _large, 1_200, 1.25),
    Kind("B", Blog, _blog, 5_000, 1.25),
)
OLD_MEDIUM = Kind("M, version 1", OldMedium, _old_medium, 12_000, 1.5)
UPGRADED_MEDIUM = UpgradedMedium
STEPPED_MEDIUM = SteppedMedium
