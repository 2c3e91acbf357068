"""What a block does is stored as a whole or not at all, and the objects go along."""

import asyncio

from ming import create_async_datastore, create_datastore
from ming.odm import AsyncODMSession, FieldProperty, MappedClass, ODMSession

bank = ODMSession(bind=create_datastore("mim:///bank"))
async_bank = AsyncODMSession(bind=create_async_datastore("mim:///bank"))


class Account(MappedClass):
    class __mongometa__:
        session = bank
        name = "accounts"
        version_field = "version"

    _id = FieldProperty(str)
    version = FieldProperty(int)
    amount = FieldProperty(int, required=True)


def pay(source: Account, target: Account, amount: int) -> None:
    source.amount -= amount
    target.amount += amount
    bank.flush()
    if source.amount < 0:
        raise ValueError(f"{source._id} has not got {amount}")


ann, ben = Account(_id="Ann", amount=100), Account(_id="Ben", amount=100)
bank.flush()

with bank.begin(transaction=True):
    pay(ann, ben, 30)
print(ann.amount, ben.amount)

try:
    with bank.begin(transaction=True):
        pay(ann, ben, 80)
except ValueError as error:
    print("Aborted:", error)
print(ann.amount, ben.amount, bank.plan())

# The function runs again if the server says that another attempt may succeed.
bank.run_transaction(lambda: pay(ben, ann, 5))
print(ann.amount, ben.amount)


async def main() -> None:
    async with async_bank, async_bank.begin(transaction=True):
        ann, ben = await async_bank.get(Account, "Ann"), await async_bank.get(Account, "Ben")
        ann.amount -= 5
        ben.amount += 5


asyncio.run(main())
print(bank.refresh(ann).amount)
