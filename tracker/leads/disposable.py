"""Mail domains that nobody keeps, and the rules of `tracker.leads.spam` as the settings have them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tracker.errors import SettingsError
from tracker.leads.spam import SpamRules
from tracker.settings import Settings


def spam_rules(settings: Settings) -> SpamRules:
    """What this installation takes for a sign of spam.

    :raises SettingsError: when the file of domains cannot be read.
    """
    return SpamRules(
        settings.spam_min_fill_ms, settings.spam_max_links, disposable_domains(settings.disposable_domains_file)
    )


@lru_cache(maxsize=4)
def disposable_domains(path: str = "") -> frozenset[str]:
    """One domain a line; empty lines and those that begin with ``#`` are left out. Read once by each process.

    :param path: empty = the list of the package ``disposable-email-domains``; the path of an empty file = none.
    :raises SettingsError: when it cannot be read.
    """
    if not path:
        # Ten thousand names, which only processes that look at leads need.
        from disposable_email_domains import blocklist

        return frozenset(blocklist)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"TRACKER_DISPOSABLE_DOMAINS_FILE cannot be read ({type(error).__name__}): name a text file in UTF-8 with "
            "one domain a line, or leave the setting empty"
        ) from None
    names = (line.strip().lower().strip(".@") for line in lines)
    return frozenset(name for name in names if name and not name.startswith("#"))
