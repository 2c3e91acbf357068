"""The stages $lookup, $unionWith, $graphLookup and $facet, with results and codes of a server."""

from __future__ import annotations

from typing import Any

import pytest
from unit.mim.aggregation import aggregated, as_bson, engine_with, refusal

from ming.mim.storage.records import Collection

ROWS: list[dict[str, Any]] = [
    {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
    {"_id": 2, "a": None, "b": [], "z": 3},
    {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
]
OTHERS: list[dict[str, Any]] = [
    {"_id": 1, "f": 1},
    {"_id": 2, "f": None},
    {"_id": 3},
    {"_id": 4, "f": [1, None]},
    {"_id": 5, "f": [[1, 2]]},
    {"_id": 6, "f": {"x": 1}},
]
FIELDS: dict[str, Any] = {"from": "o", "localField": "a", "foreignField": "f", "as": "j"}
OTHER: dict[str, Any] = {"from": "o", "as": "j"}
LINKS: dict[str, Any] = {
    "from": "o",
    "startWith": "$a",
    "connectFromField": "f",
    "connectToField": "_id",
    "as": "j",
}
LINKED_FROM: list[dict[str, Any]] = [
    {"_id": 1, "a": 1},
    {"_id": 2, "a": [2, 3]},
    {"_id": 3},
    {"_id": 4, "a": None},
    {"_id": 5, "a": 99},
]
LINKED: list[dict[str, Any]] = [
    {"_id": 1, "f": 2},
    {"_id": 2, "f": [3, 4]},
    {"_id": 3, "f": 1},
    {"_id": 4, "f": None},
    {"_id": 5, "f": {"x": 1}, "g": 1},
    {"_id": None, "f": 5},
]

JOINED: list[tuple[Any, list[list[int]]]] = [
    (FIELDS, [[1, 4], [2, 3, 4], [2, 3, 4]]),
    ({**FIELDS, "localField": "b"}, [[1, 4], [2, 3, 4], []]),
    ({**FIELDS, "localField": "b.y"}, [[2, 3, 4], [2, 3, 4], [1, 4]]),
    ({**FIELDS, "localField": "b.1"}, [[], [2, 3, 4], []]),
    ({**FIELDS, "localField": "none"}, [[2, 3, 4], [2, 3, 4], [2, 3, 4]]),
    ({**FIELDS, "from": "none"}, [[], [], []]),
    ({**FIELDS, "foreignField": "f.x"}, [[6], [1, 2, 3], [1, 2, 3]]),
    ({**FIELDS, "foreignField": "f.0"}, [[4], [1, 2, 3, 6], [1, 2, 3, 6]]),
    ({**FIELDS, "pipeline": [{"$match": {"_id": {"$gt": 1}}}]}, [[4], [2, 3, 4], [2, 3, 4]]),
    (
        {**FIELDS, "let": {"v": "$z"}, "pipeline": [{"$match": {"$expr": {"$gt": ["$_id", "$$v"]}}}]},
        [[4], [4], [2, 3, 4]],
    ),
    ({**OTHER, "pipeline": [{"$sort": {"_id": -1}}, {"$limit": 2}]}, [[6, 5], [6, 5], [6, 5]]),
    (
        {**OTHER, "let": {"v": "$a"}, "pipeline": [{"$match": {"$expr": {"$eq": ["$f", "$$v"]}}}]},
        [[1], [2], [3]],
    ),
    (
        {**OTHER, "let": {"v": "$none"}, "pipeline": [{"$match": {"$expr": {"$eq": ["$$v", "$f"]}}}]},
        [[3], [3], [3]],
    ),
    (
        {
            **OTHER,
            "let": {"v": "$b"},
            "pipeline": [{"$match": {"$expr": {"$and": [{"$eq": ["$f", "$$v"]}]}}}],
        },
        [[], [], []],
    ),
    (
        {
            **OTHER,
            "let": {"v": "$z"},
            "pipeline": [{"$skip": 2}, {"$match": {"$expr": {"$gte": ["$_id", "$$v"]}}}],
        },
        [[3, 4, 5, 6], [3, 4, 5, 6], [3, 4, 5, 6]],
    ),
    (
        {
            **OTHER,
            "let": {"v": "$z"},
            "pipeline": [{"$unionWith": "c"}, {"$match": {"$expr": {"$lt": ["$_id", "$$v"]}}}],
        },
        [[], [1, 2, 1, 2], []],
    ),
]
"""What $lookup finds for each of the rows, by ``_id``."""

RESULTS: list[tuple[Any, Any]] = [
    (
        [{"$lookup": {**FIELDS, "as": "b"}}, {"$limit": 1}],
        [{"_id": 1, "a": 1, "z": 1, "b": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]}],
    ),
    (
        [{"$lookup": {**FIELDS, "as": "a.j"}}, {"$limit": 1}],
        [{"_id": 1, "b": [1, 2], "z": 1, "a": {"j": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]}}],
    ),
    (
        [{"$lookup": {**FIELDS, "as": "b", "pipeline": []}}, {"$limit": 1}],
        [{"_id": 1, "a": 1, "b": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}], "z": 1}],
    ),
    (
        [{"$addFields": {"q": 1}}, {"$lookup": {**FIELDS, "as": "b"}}, {"$limit": 1}],
        [{"_id": 1, "a": 1, "b": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}], "z": 1, "q": 1}],
    ),
    (
        [
            {
                "$lookup": {
                    **OTHER,
                    "let": {"v": "$none"},
                    "pipeline": [{"$limit": 1}, {"$project": {"t": {"$type": "$$v"}}}],
                }
            },
            {"$limit": 1},
        ],
        [{"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "t": "missing"}]}],
    ),
    (
        [
            {"$lookup": {"as": "j", "let": {"v": "$z"}, "pipeline": [{"$documents": [{"f": "$$v"}]}]}},
            {"$project": {"j": 1}},
        ],
        [{"_id": 1, "j": [{"f": 1}]}, {"_id": 2, "j": [{"f": 3}]}, {"_id": 3, "j": [{}]}],
    ),
    ([{"$unionWith": "o"}, {"$skip": 7}], [{"_id": 5, "f": [[1, 2]]}, {"_id": 6, "f": {"x": 1}}]),
    (
        [{"$unionWith": {"coll": "o", "pipeline": [{"$match": {"_id": {"$lt": 3}}}]}}, {"$skip": 3}],
        [{"_id": 1, "f": 1}, {"_id": 2, "f": None}],
    ),
    (
        [{"$unionWith": {"pipeline": [{"$documents": [{"q": 1}]}]}}, {"$skip": 2}],
        [{"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]}, {"q": 1}],
    ),
    ([{"$unionWith": "none"}, {"$count": "n"}], [{"n": 3}]),
    (
        [
            {"$match": {"_id": 1}},
            {
                "$lookup": {
                    **OTHER,
                    "let": {"v": "$z"},
                    "pipeline": [
                        {"$limit": 2},
                        {
                            "$lookup": {
                                "from": "c",
                                "as": "k",
                                "let": {"w": "$f"},
                                "pipeline": [
                                    {"$match": {"_id": 1}},
                                    {"$project": {"_id": 0, "x": ["$$v", "$$w"]}},
                                ],
                            }
                        },
                    ],
                }
            },
            {"$project": {"j.k": 1}},
        ],
        [{"_id": 1, "j": [{"k": [{"x": [1, 1]}]}, {"k": [{"x": [1, None]}]}]}],
    ),
    (
        [
            {
                "$facet": {
                    "n": [{"$count": "n"}],
                    "none": [{"$match": {"_id": 9}}],
                    "_id": [{"$unionWith": "o"}, {"$match": {"_id": 1}}, {"$project": {"f": 1}}],
                }
            }
        ],
        [{"n": [{"n": 3}], "none": [], "_id": [{"_id": 1}, {"_id": 1, "f": 1}]}],
    ),
]
REACHED: list[tuple[Any, list[str]]] = [
    (LINKS, ["1 2 3 4 5 None", "1 2 3 4 5 None", "", "5 None", ""]),
    ({**LINKS, "maxDepth": 0}, ["1", "2 3", "", "None", ""]),
    (
        {**LINKS, "maxDepth": 2.0, "depthField": "d"},
        ["1@0 2@1 3@2 4@2", "1@1 2@0 3@0 4@1 None@2", "", "5@1 None@0", ""],
    ),
    (
        {**LINKS, "restrictSearchWithMatch": {"f": {"$ne": 1}}},
        ["1 2 4 5 None", "2 4 5 None", "", "5 None", ""],
    ),
    (
        {**LINKS, "startWith": {"$literal": [1, 4]}},
        ["1 2 3 4 5 None", "1 2 3 4 5 None", "1 2 3 4 5 None", "1 2 3 4 5 None", "1 2 3 4 5 None"],
    ),
    ({**LINKS, "connectToField": "f", "connectFromField": "_id"}, ["1 2 3", "1 2 3", "", "1 2 3 4", ""]),
    ({**LINKS, "connectToField": "g"}, ["5", "", "", "", ""]),
    ({**LINKS, "connectFromField": "f.x"}, ["1", "2 3", "", "None", ""]),
    ({**LINKS, "depthField": "f"}, ["1", "2 3", "", "None", ""]),
    ({**LINKS, "from": "none"}, ["", "", "", "", ""]),
]
"""The ``_id`` of what each document leads to, with its depth where there is one, in any order."""

REFUSED: list[tuple[Any, Any]] = [
    ({"$lookup": None}, 9),
    ({"$lookup": {}}, 9),
    ({"$lookup": {"from": "o"}}, 9),
    ({"$lookup": {"from": 1}}, 9),
    ({"$lookup": {"from": ""}}, 73),
    ({"$lookup": {"as": "j", "pipeline": []}}, 9),
    ({"$lookup": {**OTHER, "from": ".a", "pipeline": []}}, 73),
    ({"$lookup": {**FIELDS, "x": 1}}, 9),
    ({"$lookup": {**FIELDS, "x": "1"}}, 9),
    ({"$lookup": {**FIELDS, "as": ""}}, 9),
    ({"$lookup": {**FIELDS, "as": "$a"}}, 16410),
    ({"$lookup": {**FIELDS, "as": "a."}}, 40353),
    ({"$lookup": {**FIELDS, "let": {}}}, 9),
    ({"$lookup": {**FIELDS, "let": 1}}, 9),
    ({"$lookup": {**FIELDS, "pipeline": 1}}, 14),
    ({"$lookup": {**FIELDS, "pipeline": [1]}}, 14),
    ({"$lookup": {**FIELDS, "pipeline": [{"$foo": 1}]}}, 40324),
    ({"$lookup": {**FIELDS, "localField": "$a"}}, 16410),
    ({"$lookup": {**FIELDS, "foreignField": ""}}, 9),
    ({"$lookup": {**OTHER, "localField": "a"}}, 9),
    ({"$lookup": {**OTHER, "localField": "a", "pipeline": []}}, 9),
    ({"$lookup": {**OTHER, "let": {"X": 1}, "pipeline": []}}, 9),
    ({"$lookup": {**OTHER, "let": {"x.y": 1}, "pipeline": []}}, 9),
    ({"$lookup": {**OTHER, "let": {"x": "$$u"}, "pipeline": []}}, 17276),
    ({"$unionWith": None}, 9),
    ({"$unionWith": 1}, 9),
    ({"$unionWith": {}}, 9),
    ({"$unionWith": ""}, 73),
    ({"$unionWith": {"coll": 1}}, 14),
    ({"$unionWith": {"pipeline": []}}, 9),
    ({"$unionWith": {"coll": "o", "pipeline": 1}}, 14),
    ({"$unionWith": {"coll": "o", "pipeline": None}}, 10065),
    ({"$unionWith": {"coll": "o", "x": 1}}, 40415),
    ({"$graphLookup": None}, 9),
    ({"$graphLookup": {}}, 9),
    ({"$graphLookup": {**LINKS, "x": 1}}, 40104),
    ({"$graphLookup": {**LINKS, "from": 1}}, 9),
    ({"$graphLookup": {**LINKS, "from": ""}}, 73),
    ({"$graphLookup": {**LINKS, "as": 1}}, 40103),
    ({"$graphLookup": {**LINKS, "as": "$j"}}, 16410),
    ({"$graphLookup": {**LINKS, "connectFromField": "$f"}}, 16410),
    ({"$graphLookup": {**LINKS, "connectToField": ""}}, 40105),
    ({"$graphLookup": {**LINKS, "startWith": "$$u"}}, 17276),
    ({"$graphLookup": {**OTHER, "startWith": 1}}, 40105),
    ({"$graphLookup": {**LINKS, "maxDepth": -1}}, 40101),
    ({"$graphLookup": {**LINKS, "maxDepth": "x"}}, 40100),
    ({"$graphLookup": {**LINKS, "maxDepth": 1.5}}, 40102),
    ({"$graphLookup": {**LINKS, "depthField": 1}}, 40103),
    ({"$graphLookup": {**LINKS, "restrictSearchWithMatch": 1}}, 40185),
    ({"$graphLookup": {**LINKS, "restrictSearchWithMatch": {"$foo": 1}}}, 2),
    ({"$facet": None}, 40169),
    ({"$facet": {}}, 40169),
    ({"$facet": {"a": 1}}, 40170),
    ({"$facet": {"a": [1]}}, 40171),
    ({"$facet": {"": []}}, 15998),
    ({"$facet": {"$a": []}}, 16410),
    ({"$facet": {"a.b": []}}, 16412),
    ({"$facet": {"a": [{}]}}, 40323),
]


@pytest.mark.parametrize(("options", "expected"), JOINED, ids=str)
def test_what_is_joined(options: Any, expected: list[list[int]]) -> None:
    found = aggregated(engine_with({"c": ROWS, "o": OTHERS}), [{"$lookup": options}])
    assert [[joined["_id"] for joined in document["j"]] for document in found] == expected


@pytest.mark.parametrize(("stages", "expected"), RESULTS, ids=str)
def test_results(stages: Any, expected: Any) -> None:
    assert as_bson(aggregated(engine_with({"c": ROWS, "o": OTHERS}), stages)) == as_bson(expected)


@pytest.mark.parametrize(("options", "expected"), REACHED, ids=str)
def test_links(options: Any, expected: list[str]) -> None:
    found = aggregated(engine_with({"c": LINKED_FROM, "o": LINKED}), [{"$graphLookup": options}])

    def shown(document: Any) -> str:
        depth = f"@{document['d']}" if "d" in document else ""
        return f"{document['_id']!r}{depth}"

    assert [" ".join(sorted(map(shown, document["j"]))) for document in found] == expected


@pytest.mark.parametrize(("stage", "code"), REFUSED, ids=str)
def test_refused_operands(stage: Any, code: int) -> None:
    assert refusal(engine_with({"c": ROWS, "o": OTHERS}), [stage]) == code


@pytest.mark.parametrize("path", ["_id", "f"])
def test_an_index_finds_the_same(path: str) -> None:
    stages = [{"$lookup": {"from": "o", "localField": "b", "foreignField": path, "as": "j"}}]
    stages += [{"$lookup": {"from": "o", "localField": "a", "foreignField": path, "as": "k"}}]
    engine = engine_with({"c": ROWS, "o": OTHERS})
    scanned = aggregated(engine, stages)
    engine.command("db", {"createIndexes": "o", "indexes": [{"key": {"f": 1}, "name": "f_1"}]})
    assert as_bson(aggregated(engine, stages)) == as_bson(scanned)


@pytest.mark.parametrize(
    "options",
    [
        {"localField": "k", "foreignField": "k"},
        {"let": {"v": "$k"}, "pipeline": [{"$match": {"$expr": {"$eq": ["$$v", "$k"]}}}]},
        {"pipeline": [{"$match": {"k": {"$lt": 1}}}]},
    ],
    ids=["fields", "expression", "constant"],
)
def test_a_join_reads_the_other_collection_once(monkeypatch: pytest.MonkeyPatch, options: Any) -> None:
    engine = engine_with({"c": [{"_id": at, "k": at} for at in range(50)]})
    reads: list[str] = []
    select = Collection.select

    def noted(collection: Collection, *arguments: Any) -> Any:
        reads.append(collection.name)
        return select(collection, *arguments)

    monkeypatch.setattr(Collection, "select", noted)
    found = aggregated(engine, [{"$lookup": {"from": "c", **options, "as": "j"}}])
    assert [len(document["j"]) for document in found] == [1] * 50
    assert reads == ["c", "c"]


def test_sub_pipelines_lie_in_each_other_up_to_a_depth() -> None:
    engine = engine_with({"c": [{"_id": 1}]})
    stages: list[Any] = []
    for _ in range(20):
        stages = [{"$lookup": {"from": "c", "pipeline": stages, "as": "j"}}]
    assert aggregated(engine, stages)
    assert refusal(engine, [{"$lookup": {"from": "c", "pipeline": stages, "as": "j"}}]) == 232
