"""A bulk run that is interrupted, paused and resumed."""

from ming import Document, Field, Session, create_datastore
from ming.evolve import runs

wiki = Session(create_datastore("mim:///wiki"))


class OldPage(Document):
    class __mongometa__:
        session = wiki
        name = "pages"

    _id = Field(int)
    version = Field(1, required=True)
    text = Field(str)


class Page(Document):
    class __mongometa__:
        session = wiki
        name = "pages"
        version_of = OldPage

        def migrate(old):
            return {"version": 2, "words": old.text.split()}

    _id = Field(int)
    version = Field(2, required=True)
    words = Field([str])


wiki.db["pages"].insert_many({"_id": number, "version": 1, "text": "so it goes"} for number in range(100))


# Interrupt
def press_control_c(progress):
    if progress.ranges == 3:
        raise KeyboardInterrupt


try:
    Page.m.migrate(range_size=10, progress=press_control_c)
except KeyboardInterrupt:
    status = runs.status(wiki, "pages")
    print(status.state, status.tally.changed, "changed, at work:", len(status.leases))


# Pause
def pause_at_noon(progress):
    # Any program can do this, while others run.
    if progress.ranges == 6:
        runs.pause(wiki, "pages")


report = Page.m.migrate(range_size=10, progress=pause_at_noon)
print(report.state, report.changed, "changed")

# Resume
report = Page.m.migrate()
print(report.state, report.changed, "changed, all in run", report.run_id == status.run_id)
