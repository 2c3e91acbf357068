"""Datastores out of the settings of an ini file."""

from ming import Session, configure

configure(
    **{
        "ming.wiki.uri": "mim:///wiki",
        "ming.archive.uri": "mim:///archive",
        "ming.archive.auto_ensure_indexes": "no",
        "debug": "true",
    }
)
print(Session.by_name("wiki").bind.name, Session.by_name("archive").bind.name)
