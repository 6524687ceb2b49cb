"""Makes the replica set and the user of trackerctl in a MongoDB that asks for passwords. Safe to repeat.

A repetition gives the user the password of the environment again, so that is how it is changed.

Environment: ``MONGO_ROOT_PASSWORD`` and ``MONGO_PASSWORD`` (of the user ``tracker``), optionally ``MONGO_ADDRESS``.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET = "rs0"
DATABASE = "tracker"
USER = "tracker"
PATIENCE_SECONDS = 60
_ALREADY_INITIALIZED = 23
_USER_EXISTS = 51003


def initiate(client: MongoClient[dict[str, Any]], address: str) -> None:
    """Make a replica set of one member, which others will reach under ``address``."""
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise


def wait_for_primary(client: MongoClient[dict[str, Any]]) -> None:
    """Until the server takes writes.

    :raises TimeoutError: when it does not.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return
        except PyMongoError:
            pass  # connections are closed when the state changes
        time.sleep(0.2)
    raise TimeoutError("the replica set has no primary")


def make_user(client: MongoClient[dict[str, Any]], password: str) -> None:
    """A user that may read and write one database and nothing else."""
    roles = [{"role": "readWrite", "db": DATABASE}]
    try:
        client[DATABASE].command("createUser", USER, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise
        client[DATABASE].command("updateUser", USER, pwd=password, roles=roles)


def main() -> int:
    address = os.environ.get("MONGO_ADDRESS", "mongodb:27017")
    try:
        root, password = os.environ["MONGO_ROOT_PASSWORD"], os.environ["MONGO_PASSWORD"]
    except KeyError as missing:
        sys.stderr.write(f"{missing.args[0]} is not set\n")
        return 2
    try:
        with MongoClient[dict[str, Any]](
            address,
            directConnection=True,
            username="root",
            password=root,
            authSource="admin",
            serverSelectionTimeoutMS=PATIENCE_SECONDS * 1000,
        ) as client:
            initiate(client, address)
            wait_for_primary(client)
            make_user(client, password)
    except (PyMongoError, TimeoutError) as error:
        sys.stderr.write(f"MongoDB could not be set up: {error}\n")
        return 1
    sys.stdout.write(f"replica set {REPLICA_SET} and user {USER} are ready\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
