"""Certificates of erasures as files: writing them, and checking them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.context import current
from cli.output import emit

if TYPE_CHECKING:
    from tracker.settings import Settings

_MAX_BYTES = 4 * 1024 * 1024


def certificate_path(settings: Settings, request_id: str) -> Path:
    """Where a certificate goes when nothing else is said."""
    return Path(settings.gdpr_certificates) / f"erasure-{request_id}.json"


def write_certificate(certificate: dict[str, Any], path: Path) -> None:
    """Write it, readable by its owner alone.

    :raises UnavailableError: when it cannot be written; it is in MongoDB all the same.
    """
    from tracker.errors import UnavailableError

    text = json.dumps(certificate, indent=2, ensure_ascii=False) + "\n"
    beside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        # Whoever reads it finds all of it or nothing.
        beside.replace(path)
    except OSError as error:
        request_id = certificate["statement"]["requestId"]
        raise UnavailableError(
            f"the erasure is done, but its certificate cannot be written to {path} ({type(error).__name__}); "
            f"`trackerctl gdpr status {request_id} --certificate FILE` writes it elsewhere"
        ) from None


def verify_file(path: Path, key: str | None) -> None:
    """Check a certificate and print what it says.

    :param key: the public key to trust; ``None`` = those of this installation.
    :raises InvalidError: when it is not genuine. :raises NotFoundError: when there is no such file.
    """
    from tracker.errors import InvalidError, NotFoundError
    from tracker.privacy.erase.certificate import fault, public_keys

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidError(f"{path} is too large for a certificate")
        certificate = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read ({type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise InvalidError(f"{path} is no certificate: it is no JSON") from None
    trusted = [key] if key else public_keys(current().settings.require("secret_keys").secrets)
    if why := fault(certificate, trusted):
        raise InvalidError(f"{path} is not genuine: {why}")
    statement = certificate["statement"]
    emit(
        {"genuine": True, "publicKey": certificate["publicKey"], "statement": statement},
        lambda: f"Genuine: erasure {statement['requestId']}, ended {statement['endedAt']}.",
        brief=statement["requestId"],
    )


def print_public_key() -> None:
    """The key that others verify certificates of this installation with."""
    from tracker.privacy.erase.certificate import public_keys

    current_key, *older = public_keys(current().settings.require("secret_keys").secrets)
    emit({"publicKey": current_key, "older": older}, lambda: current_key, brief=current_key)
