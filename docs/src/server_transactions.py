"""Transactions need a server that is part of a replica set: give its URI, with a database."""

import sys

from ming import Document, Field, Session, create_datastore

bank = Session(create_datastore(sys.argv[1]))


class Account(Document):
    class __mongometa__:
        session = bank
        name = "accounts"

    _id = Field(str)
    amount = Field(int, required=True)


def show(heading):
    print(heading, {account._id: account.amount for account in Account.m.find().sort("_id")})


def pay(source, target, amount):
    Account.m.update_partial({"_id": target}, {"$inc": {"amount": amount}})
    Account.m.update_partial({"_id": source}, {"$inc": {"amount": -amount}})
    if Account.m.get(_id=source).amount < 0:
        raise ValueError(f"{source} has not got {amount}")


for name in ("Ann", "Ben"):
    Account.make({"_id": name, "amount": 100}).m.save()

with bank.transaction():
    pay("Ann", "Ben", 30)
show("Paid 30:")

try:
    with bank.transaction():
        pay("Ann", "Ben", 80)
except ValueError as error:
    print("Aborted:", error)
show("As before:")

# The function runs again if the server says that another attempt may succeed.
bank.run_transaction(lambda: pay("Ben", "Ann", 5))
show("Paid 5 back:")
