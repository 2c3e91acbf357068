"""Objects cannot become everything."""

from ming import create_datastore, schema
from ming.exc import IllegalStateChange
from ming.odm import FieldProperty, MappedClass, ODMSession

datastore = create_datastore("mim:///wiki")
wiki, another = ODMSession(bind=datastore), ODMSession(bind=datastore)


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = FieldProperty(schema.Int)
    title = FieldProperty(str)


def attempt(change) -> None:
    try:
        change()
    except IllegalStateChange as error:
        print(error)


page, other = Page(_id=1), Page(_id=2)
attempt(lambda: another.save(page))
wiki.flush()

page._id = 3
attempt(wiki.flush)
page._id = 1

other.delete()
wiki.flush()
attempt(other.delete)
wiki.clear()

part = wiki.find(Page, {}, projection={"_id": 0, "title": 1}).first()
part.title = "Bookbinding"
attempt(wiki.flush)
