"""``.env.example``, ``docs/settings.md`` and what ``trackerctl init`` writes, all from ``tracker.settings``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

# The setting that a section begins with, in the order of the class.
SECTIONS = {
    "config_db_url": "Stores",
    "secret_keys": "Secrets and addresses",
    "max_body_bytes": "Ingest",
    "limit_events_per_minute": "Limits; 0 switches one off",
    "cache_poll_seconds": "Caches",
    "queue_shards": "Queue and worker",
    "retention_days": "Leads and documents",
    "embedded": "Operation",
}

# Set by the program and not by people.
_INTERNAL = {"embedded"}
_PLAIN = re.compile(r"[\w./:@%+,=?&~!*()\[\]-]+", re.ASCII)
_EXAMPLES = {
    "config_db_url": "mysql+pymysql://tracker:PASSWORD@127.0.0.1:3306/tracker",
    "mongodb_url": "mongodb://127.0.0.1:27017/?replicaSet=rs0",
    "redis_url": "redis://127.0.0.1:6379/0",
}


def env_file(values: Mapping[str, str], heading: str) -> str:
    """A ``.env`` with every setting: those in ``values`` set, the rest commented out at their defaults.

    :raises ValueError: when a value cannot be written into such a file.
    """
    lines = [f"# {heading}", "# Each setting is also an environment variable, which wins over this file."]
    for name, field, section in _settings():
        if section:
            lines += ["", f"# --- {section} " + "-" * (74 - len(section))]
        lines.append(f"# {_description(field)}")
        default = _EXAMPLES.get(name) or _default(field)
        lines.append(f"{_variable(name)}={quoted(values[name])}" if name in values else f"#{_variable(name)}={default}")
    return "\n".join(lines) + "\n"


def example() -> str:
    """``.env.example``."""
    return env_file({}, "Settings of trackerctl. `trackerctl init` writes such a file with a fresh secret.")


def reference() -> str:
    """``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "Each setting is an environment variable or a line of `.env`; the environment wins. `trackerctl init` writes a",
        "`.env` with a fresh secret and all settings below. This page is generated from `tracker/settings.py` by",
        "`python -m cli.docs`.",
    ]
    for name, field, section in _settings():
        if section:
            lines += [
                "",
                f"## {section}",
                "",
                "| variable | type | default | what it is |",
                "| --- | --- | --- | --- |",
            ]
        default = f"`{_default(field)}`" if _default(field) else ""
        lines.append(f"| `{_variable(name)}` | {_type(field)} | {default} | {_cell(_description(field))} |")
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """A value as a ``.env`` file holds it, so that it is read again as it was.

    :raises ValueError: when no way of writing it comes back the same.
    """
    if any(ord(character) < 32 for character in value):
        raise ValueError("holds a control character")
    if "${" in value:
        raise ValueError("holds ${, which .env files replace by a variable")
    if _PLAIN.fullmatch(value):
        return value
    if value.endswith("\\"):
        raise ValueError("ends with a backslash")
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _settings() -> Iterator[tuple[str, FieldInfo, str | None]]:
    from tracker.settings import Settings

    for name, field in Settings.model_fields.items():
        if name not in _INTERNAL:
            yield name, field, SECTIONS.get(name)


def _variable(name: str) -> str:
    return f"TRACKER_{name.upper()}"


def _description(field: FieldInfo) -> str:
    return (field.description or "").rstrip(".")


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: FieldInfo) -> str:
    words = {str: "text", int: "number", float: "number", bool: "true or false"}
    if field.annotation in words:
        return words[field.annotation]
    return " or ".join(f"`{choice}`" for choice in get_args(field.annotation))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
