"""The tools of an erasure are those of a disclosure."""

from __future__ import annotations

from tests.privacy.erase.conftest import client, erase_settings, store, tools

__all__ = ["client", "erase_settings", "store", "tools"]
