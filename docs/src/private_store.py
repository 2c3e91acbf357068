"""Two stores that know nothing of each other."""

from ming import Document, Field, Session, create_datastore, create_engine, mim


class Page(Document):
    class __mongometa__:
        name = "pages"

    _id = Field(int)


def new_session():
    return Session(create_datastore("wiki", bind=create_engine(use_class=mim.Connection)))


one, other = new_session(), new_session()
one.save(Page.make({"_id": 1}))
print(one.count(Page), other.count(Page))
