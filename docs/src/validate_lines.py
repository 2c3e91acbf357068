"""Check data before they go anywhere; no database is involved."""

import json

from ming import schema as S

ORDER = S.SchemaItem.make(
    {
        "number": S.Int(required=True, allow_none=False),
        "customer": S.Object({"name": S.String(required=True), "email": str}, required=True),
        "state": S.OneOf("new", "paid", "sent", if_missing="new"),
        "lines": [{"article": S.String(required=True), "price": S.NumberDecimal(precision=2)}],
    }
)

LINES = """
{"number": 1, "customer": {"name": "Ann"}, "lines": [{"article": "glue", "price": 2.5}]}
{"number": "2", "customer": {"email": "ben@example.org"}, "state": "lost"}
{"number": 3, "customer": {"name": "Cem"}, "lines": [{"article": "thread"}, {"price": "cheap"}]}
{"number": 4, "customer": {"name": "Dee"}, "note": "?"}
""".strip()

for number, line in enumerate(LINES.splitlines(), start=1):
    try:
        order = ORDER.validate(json.loads(line))
    except S.Invalid as error:
        for path, message in error.flatten():
            print(f"line {number}: {path or 'order'}: {message}")
    else:
        print(f"line {number}: fine: {order.customer.name}, {order.state}, {order.lines[0].price}")
