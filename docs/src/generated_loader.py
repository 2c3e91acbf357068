"""The function that makes pages of stored documents."""

from ming import Document, Field


class Page(Document):
    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])
    views = Field(int, if_missing=0)


print(Page.m.source())
