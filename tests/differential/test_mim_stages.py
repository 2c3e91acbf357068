"""The stages of pipelines on the engine and on a server: the same pipelines over the same random documents.

Left out is what differs from run to run on a server: the order in which an index finds several values, that of
what $graphLookup reaches, and that of several fields set by $setWindowFields.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Int64
from differential.test_mim_core import Twins

pytestmark = pytest.mark.mongod

Document = dict[str, Any]
ROUNDS = 12
JOINED = [1, 2, 3, 1.0, Int64(2), None, "a", [1, 2], [], [None], {"x": 1}, [{"x": 1}], [[1]], True, ...]
"""``...`` stands for a field that is not there."""
NUMBERS = [1, 2, 3, 0.5, -1.5, Int64(7), 10, 0.1, -3, 0.2, 0.3]
OTHERS = [None, "x", True, [1], {"a": 1}, ...]
BEGIN = datetime(2020, 1, 31)


class StageTwins(Twins):
    """Twins with several collections."""

    def start_with(self, **stored: list[Document]) -> None:
        """Put the same documents into collections of both, all others gone."""
        self._client.drop_database(self._name)
        self.start(stored.pop("c"))
        for name, documents in stored.items():
            self.agree({"insert": name, "documents": documents})

    def agree_on(self, *stages: Document, ordered: bool = True) -> None:
        """Run a pipeline on both."""
        command = {"aggregate": "c", "pipeline": list(stages), "cursor": {"batchSize": 1000}}
        self.agree(command, ordered)


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[StageTwins]:
    made = StageTwins(mongod_uri)
    yield made
    made.close()


@pytest.fixture(params=range(ROUNDS))
def choose(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


def given(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if value is not ...}


def joined_rows(choose: random.Random, most: int) -> list[Document]:
    return [
        given(_id=at, k=choose.choice(JOINED), l=choose.choice([given(m=choose.choice(JOINED)), 1, ...]))
        for at in range(choose.randint(1, most))
    ]


def test_lookup(twins: StageTwins, choose: random.Random) -> None:
    twins.start_with(c=joined_rows(choose, 4), o=joined_rows(choose, 5))
    local, foreign = choose.choice(["k", "l.m", "l", "_id", "none"]), choose.choice(["k", "l.m", "l"])
    fields = {"from": "o", "localField": local, "foreignField": foreign, "as": choose.choice(["j", "k"])}
    twins.agree_on({"$lookup": fields})
    twins.agree_on({"$lookup": fields}, {"$unwind": f"${fields['as']}"})
    twins.agree_on({"$lookup": {**fields, "pipeline": [{"$sort": {"_id": -1}}, {"$limit": 2}]}})
    condition = {choose.choice(["$eq", "$gt", "$lte", "$ne"]): [f"${foreign}", "$$v"]}
    stages = [{"$match": {"$expr": condition}}, {"$sort": {"_id": 1}}]
    twins.agree_on({"$lookup": {"from": "o", "let": {"v": f"${local}"}, "pipeline": stages, "as": "j"}})


def test_graph_lookup(twins: StageTwins, choose: random.Random) -> None:
    twins.start_with(c=joined_rows(choose, 4), o=joined_rows(choose, 5))
    options = {"connectFromField": choose.choice(["k", "l.m"]), "connectToField": choose.choice(["_id", "k"])}
    depth = choose.choice([{}, {"maxDepth": 1}])
    stage = {"from": "o", "startWith": "$k", "as": "j", "depthField": "d", **options, **depth}
    twins.agree_on({"$graphLookup": stage}, {"$unwind": "$j"}, ordered=False)


def test_bucket_auto(twins: StageTwins, choose: random.Random) -> None:
    numbers = [0, 0.3, 1, 2, 3, 4, 5, 7, 8, 16, 20, 31.5, 64, 100, Int64(9), 1e-3, 12345.6]
    twins.start([{"_id": at, "a": choose.choice(numbers)} for at in range(choose.randint(1, 13))])
    stage = {"groupBy": "$a", "buckets": choose.randint(1, 5), "output": {"v": {"$push": "$a"}}}
    twins.agree_on({"$bucketAuto": stage})
    twins.agree_on(
        {"$bucketAuto": {**stage, "granularity": choose.choice(["R5", "E12", "1-2-5", "POWERSOF2"])}}
    )


def window_rows(choose: random.Random) -> list[Document]:
    return [
        given(
            _id=at,
            k=at * choose.choice([1, 1, 0.5, 2]),
            t=BEGIN + timedelta(days=choose.randrange(60), hours=choose.randrange(30)),
            p=choose.choice(["a", "b", None, ...]),
            v=choose.choice(NUMBERS + OTHERS),
            w=choose.choice(NUMBERS),
        )
        for at in range(choose.randint(1, 8))
    ]


def test_window_functions(twins: StageTwins, choose: random.Random) -> None:
    twins.start(window_rows(choose))
    lower, upper = choose.choice(
        [
            ("unbounded", "current"),
            ("unbounded", 1),
            (-2, 0),
            (-1, 1),
            (0, 2),
            (1, 2),
            ("current", "unbounded"),
        ]
    )
    sort_by = choose.choice([{"k": 1}, {"t": 1}])
    kind = choose.choice(["documents", "range"])
    unit = {"unit": choose.choice(["day", "week", "month"])} if kind == "range" and "t" in sort_by else {}
    window = {"window": {kind: [lower, upper], **unit}}
    frame = {"sortBy": sort_by, **choose.choice([{}, {"partitionBy": "$p"}])}
    names = ["sum", "avg", "min", "max", "push", "first", "last", "stdDevPop", "stdDevSamp"]
    functions: list[Document] = [{f"${name}": "$v", **window} for name in names]
    functions += [{"$count": {}, **window}, {"$covariancePop": ["$v", "$w"], **window}]
    functions += [{"$rank": {}}, {"$denseRank": {}}, {"$documentNumber": {}}, {"$locf": "$v"}]
    functions += [{"$shift": {"output": "$v", "by": choose.randint(-2, 2), "default": "d"}}]
    functions += [{"$expMovingAvg": {"input": "$v", "N": choose.randint(1, 4)}}]
    measured = {"input": "$w", **({"unit": "hour"} if "t" in sort_by else {})}
    functions += [{"$derivative": measured, **window}, {"$integral": measured, **window}]
    for function in functions:
        twins.agree_on({"$setWindowFields": {**frame, "output": {"o": function}}})


def test_densify(twins: StageTwins, choose: random.Random) -> None:
    values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 2.5, Int64(4), -1, None, ...]
    days = [BEGIN + timedelta(days=day) for day in (0, 1, 5, 30, 60, 90)]
    for pool, steps, bounds in (
        (values, [{"step": 1}, {"step": 2}], [-1, 7]),
        (days, [{"step": 1, "unit": "month"}, {"step": 3, "unit": "week"}], [days[1], days[5]]),
    ):
        rows = [
            given(_id=at, p=choose.choice(["a", "b", ...]), v=choose.choice(pool))
            for at in range(choose.randint(1, 6))
        ]
        twins.start(rows)
        for within in ("full", "partition", bounds):
            span = {**choose.choice(steps), "bounds": within}
            stage = {"field": "v", "partitionByFields": ["p"], "range": span}
            twins.agree_on({"$densify": stage}, ordered=False)
        twins.agree_on({"$densify": {"field": "v", "range": {**choose.choice(steps), "bounds": bounds}}})


def test_fill(twins: StageTwins, choose: random.Random) -> None:
    twins.start(window_rows(choose))
    for output in (
        {"v": {"method": "locf"}},
        {"v": {"value": "$w"}},
        {"p": {"value": 0}, "v": {"method": "locf"}},
    ):
        twins.agree_on({"$fill": {"sortBy": {"_id": 1}, "output": output}})
    partition = choose.choice([{}, {"partitionByFields": ["p"]}, {"partitionBy": {"q": "$p"}}])
    even = {"$set": {"w": {"$cond": [{"$mod": ["$_id", 2]}, None, "$w"]}}}
    twins.agree_on(
        even, {"$fill": {"sortBy": {"_id": 1}, "output": {"w": {"method": "linear"}}, **partition}}
    )


def test_merge_and_out(twins: StageTwins, choose: random.Random) -> None:
    def rows(least: int) -> list[Document]:
        return [
            {"_id": at, "k": at % 5, choose.choice("xyz"): at} for at in range(least, choose.randint(3, 6))
        ]

    matched = choose.choice(["replace", "merge", "keepExisting", "fail", [{"$set": {"w": "$$new"}}]])
    not_matched = choose.choice(["insert", "discard", "fail"])
    merge = {"into": "o", "whenMatched": matched, "whenNotMatched": not_matched}
    pipelines: list[list[Document]] = [
        [{"$merge": merge}],
        [{"$project": {"_id": 0}}, {"$merge": {**merge, "on": "k"}}],
        [{"$merge": {**merge, "on": "k"}}],
        [{"$match": {"k": {"$gt": 1}}}, {"$out": "o"}],
    ]
    twins.start_with(c=rows(0), o=rows(choose.randint(0, 2)))
    twins.agree({"createIndexes": "o", "indexes": [{"key": {"k": 1}, "name": "k_1", "unique": True}]})
    twins.agree_on(*choose.choice(pipelines))
    twins.agree({"aggregate": "o", "pipeline": [{"$sort": {"k": 1}}, {"$unset": "_id"}], "cursor": {}})
    twins.agree({"listIndexes": "o"})
