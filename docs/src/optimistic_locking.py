"""Two editors change one page; who comes second is told."""

from ming import create_datastore, schema
from ming.exc import StaleObject
from ming.odm import FieldProperty, MappedClass, ODMSession

datastore = create_datastore("mim:///wiki")
wiki, another = ODMSession(bind=datastore), ODMSession(bind=datastore)


class Page(MappedClass):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_field = "version"

    _id = FieldProperty(schema.Int)
    version = FieldProperty(int)
    title = FieldProperty(str)
    tags = FieldProperty([str])


def add_tag(page: Page, tag: str) -> None:
    while True:
        page.tags.append(tag)
        try:
            wiki.flush(page)
        except StaleObject:
            print("Again:", tag)
            if wiki.refresh(page) is None:
                raise
        else:
            return


page = Page(_id=1, title="Bookbinding")
wiki.flush()

theirs = another.get(Page, 1)
theirs.tags.append("craft")
another.flush()

add_tag(page, "paper")
print(list(page.tags), page.version)
