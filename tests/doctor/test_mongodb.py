"""Indexes that are missing or changed, and a MongoDB that is no replica set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.fixtures.servers import Store
from tests.fixtures.world import make_settings
from tests.pipeline.test_standalone import StandaloneMongo
from tracker.doctor.mongodb import check_mongodb
from tracker.doctor.report import Finding
from tracker.documents import open_documents
from tracker.settings import Settings


@pytest.fixture
def settings(mongodb_url: str) -> Iterator[Settings]:
    name = f"test_doctor_{uuid.uuid4().hex}"
    yield make_settings(mongodb_url=mongodb_url, mongodb_database=name)
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


def told(findings: list[Finding], severity: str) -> list[str]:
    return [one.title for one in findings if one.severity == severity and one.area == "mongodb"]


async def test_is_content_with_what_a_worker_made_and_finds_what_was_dropped(settings: Settings) -> None:
    async with open_documents(settings, indexes=True) as documents:
        findings = await check_mongodb(settings)
        assert told(findings, "error") == []
        assert any(title.startswith("all indexes are there") for title in told(findings, "ok"))

        await documents.database["events"].drop_index("client_event")
        await documents.database["leads"].drop_index("quality")
        await documents.database["sessions"].drop_index("expires")
        await documents.database["sessions"].create_index("expiresAt", name="expires", expireAfterSeconds=77)
    findings = await check_mongodb(settings)
    assert told(findings, "error") == [
        "the index client_event of events is missing",
        "the index expires of sessions is not as declared",
    ]
    assert told(findings, "warning") == ["the index quality of leads is missing"]
    assert all("trackerctl_meta" in one.fix for one in findings if "index" in one.title and one.severity != "ok")


async def test_what_its_fix_says_mends_it(settings: Settings) -> None:
    async with open_documents(settings, indexes=True) as documents:
        await documents.database["events"].drop_index("client_event")
        await documents.database["trackerctl_meta"].delete_one({"_id": "indexes"})
    async with open_documents(settings, indexes=True):
        assert told(await check_mongodb(settings), "error") == []


async def test_an_empty_database_is_told(settings: Settings) -> None:
    findings = await check_mongodb(settings)
    assert told(findings, "warning") == ["there are no collections yet"]


async def test_finds_a_server_without_transactions(stores: dict[str, Store], server_folder: Path) -> None:
    if not stores["mongodb"].real:
        pytest.skip("no mongod: python -m tests.fixtures.mongod fetches one")
    server = StandaloneMongo(server_folder / "alone", initiate=False)
    server.start()
    try:
        settings = make_settings(mongodb_url=server.url)
        assert "MongoDB is no replica set" in told(await check_mongodb(settings), "error")
    finally:
        server.kill()
