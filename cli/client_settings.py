"""``--set`` of ``trackerctl client``: settings of a site as people write them."""

from __future__ import annotations

import difflib
import json
from typing import Any

from cli.errors import UsageError


def settings_of(
    values: list[str] | None, redact_patterns: list[str] | None = None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """``--set`` and ``--redact-pattern`` as what to merge into the client's config (browsers read it) and settings
    (they do not).

    :raises UsageError: when one is not written ``key=value``, or is no setting.
    """
    from msgspec.structs import fields

    from tracker.config.records import ClientSettings, WidgetConfig

    config: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    places = {field.encode_name: config for field in fields(WidgetConfig)}
    places |= {field.encode_name: settings for field in fields(ClientSettings)}
    for value in values or []:
        path, equals, text = value.partition("=")
        steps = path.split(".")
        if not equals or not all(steps):
            raise UsageError(f"--set {value!r}: write key=value, such as features.chat=true")
        if steps[0] not in places:
            near = difflib.get_close_matches(steps[0], places, n=1) or sorted(places)
            raise UsageError(f"--set {path}: there is no setting {steps[0]}; did you mean {', '.join(near)}?")
        _put(places[steps[0]], steps, _value(text))
    if redact_patterns is not None:
        # No pattern is the default: null takes the setting back.
        settings["redactPatterns"] = [pattern for pattern in redact_patterns if pattern] or None
    return config or None, settings or None


def _put(target: dict[str, Any], steps: list[str], value: object) -> None:
    for step in steps[:-1]:
        below = target.setdefault(step, {})
        if not isinstance(below, dict):
            raise UsageError(f"--set {'.'.join(steps)}: {step} was set to a value before")
        target = below
    target[steps[-1]] = value


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
