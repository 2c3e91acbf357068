"""A schema item of one's own, and a document class without a session."""

from ming import Document, Field
from ming import schema as S


class Email(S.String):
    """Accepts addresses, and writes them in lower case."""

    def _validate(self, value, **options):
        value = super()._validate(value, **options)
        if value is not None and "@" not in value:
            raise S.Invalid(f"{value} is not an e-mail address", value)
        return value and value.lower()


class Customer(Document):
    name = Field(str, required=True)
    emails = Field([Email])


print(Customer.make({"name": "Ann", "emails": ["Ann@Example.org"]}).emails)

try:
    Customer.make({"emails": ["Ann"], "age": 30})
except S.Invalid as error:
    print(list(error.flatten()))

# Unknown keys are refused unless the caller says otherwise.
print(Customer.make({"name": "Ann", "age": 30}, allow_extra=True))
print(Customer.make({"name": "Ann", "age": 30}, allow_extra=True, strip_extra=False))
