"""The function that makes pages of stored documents."""

from ming import Document, Field
from ming._compile.program import compile_stored


class Page(Document):
    _id = Field(int)
    title = Field(str, required=True)
    tags = Field([str])
    views = Field(int, if_missing=0)


load = compile_stored(Page.m.schema, exact=False, snapshot=False)
print(load.source)
