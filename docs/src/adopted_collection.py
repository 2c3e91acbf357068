"""A collection that grew for years, and document classes for it."""

import random

from ming import Session, create_datastore
from ming.infer import infer_collection

session = Session(create_datastore("mim:///shop"))
stored = session.db["customers"]

# What three releases of some program left behind
dice = random.Random(5)
cities = ["Bonn", "Cork", "Lima", "Nice", "Oslo", "Rome"]
for number in range(600):
    customer = {"_id": number, "status": dice.choice(["new", "regular"])}
    mail = f"{dice.randrange(400)}@example.org"
    if number < 300:
        customer |= {"mail": mail, "visits": str(dice.randrange(9))}
    elif number < 480:
        customer |= {"contact": {"mail": mail, "city": dice.choice(cities)}, "visits": dice.randrange(9)}
    else:
        customer |= {"contact": {"mail": mail, "town": dice.choice(cities)}, "visits": dice.randrange(9)}
    if dice.random() < 0.1:
        customer["note"] = "calls back"
    stored.insert_one(customer)

# Shapes
inference = infer_collection(session, "customers")
for shape in inference.shapes:
    print(f"{shape.name:12} {shape.share:6.1%}  {', '.join(shape.fields)}")

# Classes
source = inference.source()
print()
print(source)

# The classes read every document
module = {}
exec(source, module)
Customer = module["Customer"]
module["session"].bind = session.bind
customers = Customer.m.find().all()
print(len(customers), "read;", customers[0].contact.mail, customers[0].visits, "visits")

# What the server makes of them
Customer.m.sync_validator()
print("Refused:", stored.count_documents({"$nor": [Customer.m.validator()]}))
stored.insert_one({"_id": 1000, "status": "new", "contact": {"mail": None}, "visits": "many"})
print("Refused:", stored.count_documents({"$nor": [Customer.m.validator()]}))
