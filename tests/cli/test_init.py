"""``trackerctl init`` and the files about settings."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.settings_doc import SECTIONS, env_file, example, quoted, reference
from tests.cli.conftest import Run
from tracker.settings import Settings, load_settings


def test_it_writes_a_file_for_the_owner_alone_that_is_read_back(run: Run) -> None:
    url = "mysql+pymysql://tracker:p#ss w$rd'@db/tracker"
    run("init", "--config-db-url", url, "--public-url", "https://track.example.com")

    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    settings = load_settings()
    assert settings.config_db_url == url
    assert settings.public_url == "https://track.example.com"
    assert len(settings.secrets) == 1


def test_the_secret_has_256_bits_and_is_fresh(run: Run) -> None:
    run("init")
    first = load_settings().secret_keys
    Path(".env").unlink()
    run("init")

    assert len(first) >= 43
    assert first != load_settings().secret_keys


def test_an_existing_file_is_kept(run: Run) -> None:
    Path(".env").write_text("TRACKER_LOG_LEVEL=debug\n")

    assert run("--json", "init", code=1).error["slug"] == "conflict"
    assert Path(".env").read_text() == "TRACKER_LOG_LEVEL=debug\n"


def test_forcing_it_keeps_the_old_secrets_behind_the_new_one(run: Run) -> None:
    run("init")
    old = load_settings().secrets
    run("init", "--force")

    fresh = load_settings().secrets
    assert fresh[1:] == old
    assert fresh[0] not in old
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert [path.name for path in Path().iterdir()] == [".env"]


def test_what_is_missing_and_what_comes_next_is_said(run: Run) -> None:
    ran = run("init", "--config-db-url", "sqlite:///config.db")

    assert "TRACKER_MONGODB_URL, TRACKER_REDIS_URL" in ran.out
    steps = ["trackerctl db upgrade", "trackerctl client create", "trackerctl serve", "trackerctl worker"]
    assert [ran.out.index(step) for step in steps] == sorted(ran.out.index(step) for step in steps)
    assert load_settings().secret_keys not in ran.out


def test_what_it_says_first_works(run: Run) -> None:
    run("init", "--config-db-url", f"sqlite:///{Path('config.db').resolve()}")
    run("db", "upgrade")

    assert run("--json", "client", "create", "--domain", "example.com").json["apiKey"].startswith("pk_live_")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--config-db-url", "mysql://host/db"),
        ("--mongodb-url", "localhost:27017"),
        ("--redis-url", "http://host"),
        ("--public-url", "track.example.com"),
        ("--redis-url", "redis://host/\n0"),
        ("--redis-url", "redis://:${PASSWORD}@host"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_written(
    run: Run, option: str, value: str
) -> None:
    assert option in run("init", option, value, code=2).err
    assert not Path(".env").exists()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_value_is_read_back_as_it_was_or_refused(value: str) -> None:
    from io import StringIO

    from dotenv import dotenv_values

    try:
        line = quoted(value)
    except ValueError:
        return
    assert dotenv_values(stream=StringIO(f"TRACKER_X={line}\nTRACKER_Y=1\n")) == {"TRACKER_X": value, "TRACKER_Y": "1"}


def test_every_setting_is_in_the_example_and_in_the_reference() -> None:
    names = [f"TRACKER_{name.upper()}" for name in Settings.model_fields if name != "embedded"]

    assert [line[1:].partition("=")[0] for line in example().splitlines() if line.startswith("#TRACKER_")] == names
    assert all(f"| `{name}` |" in reference() for name in names)


def test_every_section_begins_with_a_setting() -> None:
    assert set(SECTIONS) - {"embedded"} <= set(Settings.model_fields)
    assert all(f"# --- {title} " in example() for name, title in SECTIONS.items() if name != "embedded")


def test_the_example_with_all_comments_removed_is_a_valid_file(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "Zq3vXk8LmN5pRt7YwBc2Hd6Jf9GsAe4U"
    lines = [line[1:] if line.startswith("#TRACKER_") else line for line in example().splitlines()]
    Path(".env").write_text("\n".join(lines).replace("SECRET_KEYS=", f"SECRET_KEYS={secret}"))

    settings = load_settings()
    unset = {"config_db_url", "mongodb_url", "redis_url", "secret_keys", "embedded"}
    defaults = {name: field.default for name, field in Settings.model_fields.items() if name not in unset}
    assert {name: getattr(settings, name) for name in defaults} == defaults


def test_a_file_sets_only_what_was_given() -> None:
    text = env_file({"log_level": "debug"}, "Heading")

    assert [line for line in text.splitlines() if line.startswith("TRACKER_")] == ["TRACKER_LOG_LEVEL=debug"]
