"""A blog whose authors, posts and comments are related, and whose editors get in each other's way.

    python examples/blog.py                                    on the embedded engine
    python examples/blog.py --uri mongodb://localhost:27017    on a MongoDB server

Its pages are listed with their authors and comments in one query for each kind, two editors change the same
post, and a post takes its comments along when it is deleted.
"""

from __future__ import annotations

import argparse
import sys

from pages_of_python import old_pages

from ming import Session, create_datastore, create_engine
from ming import schema as S
from ming.exc import StaleObject
from ming.odm import (
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    ODMSession,
    RelationProperty,
    SessionExtension,
)

DATABASE = "ming_example_blog"
PAGE_SIZE = 10
documents = Session()


class CountQueries(SessionExtension):
    """Counts the cursors of a session."""

    queries = 0

    def cursor_created(self, cursor: object, action: object, *args: object, **kwargs: object) -> None:
        """A cursor was opened, or made from another one."""
        if action == "find":
            CountQueries.queries += 1


blog = ODMSession(documents, extensions=[CountQueries])
another_editor = ODMSession(documents)


class Author(MappedClass):
    """Somebody who writes posts and comments."""

    class __mongometa__:
        session = blog
        name = "authors"

    _id = FieldProperty(S.ObjectId)
    name = FieldProperty(str, required=True)
    posts = RelationProperty("Post", cascade="nullify")


class Post(MappedClass):
    """A post; two editors cannot overwrite each other's changes of it."""

    class __mongometa__:
        session = blog
        name = "posts"
        indexes = ("author_id", ("title", "_id"))
        version_field = "version"

    _id = FieldProperty(S.ObjectId)
    version = FieldProperty(int)
    title = FieldProperty(str, required=True)
    text = FieldProperty(str)
    tags = FieldProperty([str])
    author_id = ForeignIdProperty(Author)
    author = RelationProperty(Author)
    comments = RelationProperty("Comment", cascade="delete")


class Comment(MappedClass):
    """What somebody has to say about a post."""

    class __mongometa__:
        session = blog
        name = "comments"
        indexes = ("post_id",)

    _id = FieldProperty(S.ObjectId)
    text = FieldProperty(str, required=True)
    post_id = ForeignIdProperty(Post)
    post = RelationProperty(Post)
    author_id = ForeignIdProperty(Author)
    author = RelationProperty(Author)


def main() -> int:
    """Tell the story, and return 1 if a comment is left without its post."""
    arguments = parse_arguments()
    documents.bind = create_datastore(DATABASE, bind=create_engine(arguments.uri))
    write(arguments.posts)
    list_posts()
    turn_pages()
    edit_together()
    return delete_a_post()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A blog with authors, posts and comments.")
    parser.add_argument(
        "--uri",
        default="mim://",
        help=f"where to keep the blog; the database is always {DATABASE!r} (default: %(default)s, in memory)",
    )
    parser.add_argument("--posts", type=int, default=35, metavar="N", help="how many posts, at least 10")
    arguments = parser.parse_args()
    if arguments.posts < PAGE_SIZE:
        parser.error(f"--posts: a blog has at least {PAGE_SIZE} posts")
    return arguments


def write(number: int) -> None:
    """Fill the blog; one flush stores authors, posts and comments."""
    for cls in (Author, Post, Comment):
        documents.db[cls.query.mapper.collection.m.collection_name].drop()
        blog.ensure_indexes(cls)
    authors = [Author(name=name) for name in ("Ada", "Grace", "Barbara")]
    for position, page in zip(range(number), old_pages(), strict=False):
        writer, reader, other = (authors[(position + offset) % 3] for offset in range(3))
        post = Post(title=page["title"], text=page["text"], tags=page["metadata"]["tags"], author=writer)
        Comment(text="First!", post=post, author=reader)
        Comment(text="See the manual.", post=post, author=other)
    print(f"To store: {len(blog.plan())} objects")
    blog.flush()
    blog.clear()


def list_posts() -> None:
    """Show some posts with all that is related to them."""
    CountQueries.queries = 0
    posts = blog.find(Post).sort("title").limit(PAGE_SIZE).options(load=["author", "comments.author"])
    for post in posts:
        commenters = ", ".join(comment.author.name for comment in post.comments)
        print(f"  {post.title} by {post.author.name}, comments by {commenters}")
    print(f"Queries for {PAGE_SIZE} posts with authors and comments: {CountQueries.queries}")
    blog.clear()


def turn_pages() -> None:
    """Go through all posts, each page from where the last one ended."""
    seen: list[str] = []
    token = None
    while True:
        page = blog.find(Post).sort("title").limit(PAGE_SIZE).after(token)
        found = page.all()
        if not found:
            break
        seen += [post.title for post in found]
        token = page.token
    print(f"Posts seen page by page: {len(seen)}, different ones: {len(set(seen))}")
    second = blog.find(Post).sort("title").page(2, PAGE_SIZE).first()
    if second is not None:
        print(f"Page 2 begins with the same post: {second.title == seen[PAGE_SIZE]}")
    blog.clear()


def edit_together() -> None:
    """Two editors change one post; who comes second looks at it again."""
    mine = blog.find(Post).sort("title").first()
    theirs = another_editor.find(Post).sort("title").first()
    assert mine is not None
    assert theirs is not None
    theirs.tags.append("reviewed")
    another_editor.flush()
    mine.tags.append("beginners")
    try:
        blog.flush()
    except StaleObject:
        print("Somebody else changed the post first")
        blog.refresh(mine)
        mine.tags.append("beginners")
        blog.flush()
    print(f"Both tags are stored: {mine.tags[-2:]}, version {mine.version}")


def delete_a_post() -> int:
    """Delete a post with its comments, and an author without the posts."""
    before = Comment.query.count()
    post = blog.find(Post).sort("title").first()
    assert post is not None
    leaving = post.author
    post.delete()
    blog.flush()
    leaving.delete()
    blog.flush()
    print(f"Comments that went with the post: {before - Comment.query.count()}")
    print(f"Posts left without author: {Post.query.count({'author_id': None}) > 0}")
    blog.clear()
    lost = sum(comment.post is None for comment in blog.find(Comment).options(load=["post"]))
    print(f"Comments without post: {lost}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
