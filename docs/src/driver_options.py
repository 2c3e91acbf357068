"""Sessions by name, and options of the driver at three places."""

from pymongo import ReadPreference, WriteConcern

from ming import Document, Field, Session, create_datastore

wiki = Session.by_name("wiki")


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        # For every call of this class.
        write_concern = WriteConcern(w=1)
        max_time_ms = 2000

    _id = Field(int)
    title = Field(str)


# The program's start binds the session; classes may exist before.
wiki.bind = create_datastore("mim:///wiki")
assert Session.by_name("wiki") is wiki

# For one call: keywords go to the driver.
Page.make({"_id": 1, "title": "Bookbinding"}).m.save(comment="import")
print(Page.m.find({"title": "Bookbinding"}, hint="_id_", max_time_ms=50).count())

# For a group of calls: a session, or a manager, with options.
patient = wiki.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED, max_time_ms=10_000)
print(patient.get(Page, _id=1).title)
print(Page.m.with_options(comment="nightly report").get(_id=1).title)

# A session of another database for the same class.
archive = Session(create_datastore("mim:///archive"))
archive.save(Page.make({"_id": 7, "title": "Calligraphy"}))
print(Page.m.with_session(archive).find().one().title, Page.m.count())
