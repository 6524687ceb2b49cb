"""Makes a copy of all that is held of a person, as an operator asks for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import uuid4

from tracker import __version__
from tracker.deadletters.places import open_places
from tracker.errors import InvalidError, UnavailableError
from tracker.privacy.disclosure.archive import Archive
from tracker.privacy.disclosure.readers import addresses
from tracker.privacy.disclosure.scope import Scope, own_emails
from tracker.privacy.disclosure.stores import STORES
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import locate
from tracker.privacy.owned import parts
from tracker.privacy.subject import Subject

# Of these alone nobody would say that something is held of a person: they say that nothing may be.
_ASIDE = frozenset({"suppressions", "erasures"})
_NOTES = (
    "E-mail addresses of others are taken out: a value that is one is left out, in a longer text [ERASED] stands.",
    "Daily figures of a site hold numbers alone and are not in here. Nor are logs, which hold no personal data.",
    "Passwords, card numbers and the like were replaced by [REDACTED] before anything was stored.",
)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What came of it.

    :ivar found: whether anything is held. :ivar counts: entries by store. :ivar mentions: by store, how many things
        of other persons name this one; they are not in the copy.
    """

    found: bool
    path: Path
    counts: Mapping[str, int]
    mentions: Mapping[str, int]


async def disclose(tools: Tools, subject: Subject, path: Path, actor: str, *, force: bool = False) -> Disclosed:
    """Write the copy, readable by its owner alone. Who reads it finds all of it or nothing.

    :param actor: who asks, for the audit log, which knows the person by keyed hashes.
    :param force: replace a file that is there.
    :raises InvalidError: when the file is there, or cannot be written.
    :raises UnavailableError: when the disk takes no more. :raises SettingsError: when a draft cannot be opened.
    :raises pymongo.errors.PyMongoError: :raises redis.exceptions.RedisError: when a store is away.
    """
    _check_place(path, force)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with _opened(beside, path) as file:
            result = await _write(tools, subject, path, file)
            file.flush()
            os.fsync(file.fileno())
        await _note(tools, subject, actor, result)
        _hand_over(beside, path, force)
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise
        raise UnavailableError(f"{path} cannot be written ({type(error).__name__}); choose another place") from None
    finally:
        beside.unlink(missing_ok=True)
    return result


async def _write(tools: Tools, subject: Subject, path: Path, file: IO[bytes]) -> Disclosed:
    now = datetime.now(UTC)
    archive = Archive(file, now)
    try:
        async with open_places(tools.settings) as places:
            found = await locate(tools.database, subject, hasher=tools.hasher, places=places)
            scope = Scope(tools, subject, found, places, now)
            scope.emails = own_emails(subject, await _own_leads(scope))
            scope.adapters, scope.hosts = await asyncio.to_thread(_recipients, tools)
            for name, _ in found.mentions:
                scope.mention(name)
            for store in STORES:
                await archive.add(store, store.read(scope))
        held = any(number for name, number in archive.counts.items() if name not in _ASIDE)
        archive.end(_about(scope, held))
    finally:
        archive.close()
    return Disclosed(held, path, dict(archive.counts), dict(scope.mentions))


def _about(scope: Scope, held: bool) -> dict[str, Any]:
    subject = scope.subject
    asked = {"emails": subject.emails, "phones": subject.phones, "visitors": subject.visitors}
    return {
        "found": held,
        "subject": {name: sorted(values) for name, values in asked.items() if values},
        "client": subject.client_id or "all",
        "madeAt": scope.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "madeBy": f"trackerctl {__version__}",
        "mentionsByOthers": dict(sorted(scope.mentions.items())),
        "notes": list(_NOTES),
    }


async def _own_leads(scope: Scope) -> list[dict[str, Any]]:
    rows = scope.tools.database["leads"]
    names = {"email": 1, "said.email": 1, "edits.email": 1}
    return [
        row
        for client, ids in scope.found.leads.items()
        for some in parts(ids)
        for row in await rows.find({"clientId": client, "leadId": {"$in": some}}, names).to_list()
    ]


def _recipients(tools: Tools) -> tuple[dict[str, str], dict[str, str]]:
    adapters = {row.connection_id: row.adapter for row in tools.config.list_crm()}
    # The rest of an address is often a secret.
    return adapters, {row.endpoint_id: urlsplit(row.url).hostname or "" for row in tools.config.list_webhooks()}


async def _note(tools: Tools, subject: Subject, actor: str, result: Disclosed) -> None:
    where = subject.client_id or ""
    hashes = [{"kind": kind, "hash": tools.hasher.one(kind, value, where)} for kind, value in addresses(subject)]
    after = {"subject": hashes, "found": result.found}
    target = ("person", hashes[0]["hash"])
    await asyncio.to_thread(
        tools.config.record_change, "gdpr.export", target, subject.client_id, after=after, actor=actor
    )


def _check_place(path: Path, force: bool) -> None:
    if path.is_dir():
        raise InvalidError(f"{path} is a folder; name a file in it, such as {path / 'person.zip'}")
    if not path.parent.is_dir():
        raise InvalidError(f"there is no folder {path.parent}; make it first")
    if path.exists() and not force:
        raise InvalidError(f"{path} is there already; --force replaces it")


def _opened(beside: Path, path: Path) -> IO[bytes]:
    try:
        return os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except PermissionError:
        raise InvalidError(f"no permission to write into {path.parent}; choose another place") from None


def _hand_over(beside: Path, path: Path, force: bool) -> None:
    if force:
        beside.replace(path)
        return
    try:
        # Unlike a rename it replaces nothing that has appeared meanwhile.
        os.link(beside, path)
    except FileExistsError:
        raise InvalidError(f"{path} is there already; --force replaces it") from None
