"""The Dockerfile is right in all that can be told without Docker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from deploy.runtime_requirements import build_requirements, normal, runtime_requirements
from tests.docs.text import ROOT, check_command

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments, continued lines joined."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    parts = [line.strip().partition(" ") for line in lines if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in parts]


ALL = instructions()
STAGES = [number for number, (word, _) in enumerate(ALL) if word == "FROM"]
BUILD, FINAL = ALL[STAGES[0] : STAGES[1]], ALL[STAGES[1] :]


def only(word: str, part: list[tuple[str, str]] = FINAL) -> str:
    """The arguments of an instruction that is there once."""
    (found,) = (rest for name, rest in part if name == word)
    return found


def copied() -> list[str]:
    """What is copied from the checkout."""
    return [source for word, rest in BUILD if word == "COPY" for source in rest.split()[:-1]]


def test_has_a_stage_that_builds_and_one_that_runs() -> None:
    assert len(STAGES) == 2
    assert only("FROM") == "python:3.12-slim"
    assert only("FROM", BUILD) == "python:3.12-slim AS build"
    assert "3.12" in SpecifierSet(PROJECT["project"]["requires-python"])
    # The environment's interpreter is a link: the same path must lead to the same Python.
    assert only("COPY") == "--from=build /opt/trackerctl /opt/trackerctl"


def test_everything_that_is_copied_exists_and_reaches_the_builder() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    allowed = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    assert "*" in rules
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(source == rule or source.startswith(f"{rule}/") for rule in allowed), source
    assert not {".env", ".git", ".venv", ".tracker", "tests"} & set(allowed)


def test_everything_that_the_wheel_is_made_of_is_copied() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"], "pyproject.toml"]
    assert set(needed) | set(PROJECT["project"]["license-files"]) <= set(copied())


def test_dependencies_are_installed_by_their_hashes_and_never_compiled() -> None:
    script = "\n".join(rest for word, rest in BUILD if word == "RUN")
    installs = [line for line in re.split(r"&&|\n", script) if " install " in line]
    assert len(installs) == 3
    for install in installs[:2]:
        assert "--require-hashes" in install
        assert "--only-binary :all:" in install
    assert "--no-deps dist/*.whl" in installs[2]
    assert "pip wheel --no-deps --no-build-isolation" in script
    assert "pip --python /opt/trackerctl/bin/python check" in script


def test_nothing_is_installed_in_the_final_image() -> None:
    assert [rest for word, rest in FINAL if word == "RUN"] == []
    assert not re.search(r"\b(apt-get|apk|gcc|build-essential)\b", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def test_runs_as_nobody_in_particular() -> None:
    user, _, group = only("USER").partition(":")
    assert int(user) > 1000
    assert int(group) > 1000


def test_starts_an_existing_command_on_the_port_that_is_exposed() -> None:
    assert json.loads(only("ENTRYPOINT")) == list(PROJECT["project"]["scripts"])
    command = json.loads(only("CMD"))
    assert check_command(command) is None
    assert command[command.index("--port") + 1] == only("EXPOSE")
    assert command[command.index("--host") + 1] == "0.0.0.0"


def test_the_health_check_is_python_that_asks_the_service() -> None:
    arguments = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert arguments[:2] == ["python", "-c"]
    assert f"http://127.0.0.1:{only('EXPOSE')}/health/live" in arguments[2]
    compile(arguments[2], "healthcheck", "exec")


def test_the_health_check_fails_where_nobody_answers() -> None:
    code = json.loads(only("HEALTHCHECK").partition("CMD ")[2])[2].replace(":8000", ":1")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode != 0


# ----------------------------------------------------------------------------------------- deploy/runtime_requirements


def names(requirements: str) -> set[str]:
    return {normal(line) for line in requirements.splitlines() if re.match(r"[A-Za-z0-9]", line)}


def runtime(*extras: str) -> str:
    return runtime_requirements(LOCK, (ROOT / "pyproject.toml").read_text(encoding="utf-8"), extras)


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    project = PROJECT["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    assert {normal(one) for one in asked} - names(LOCK) == set(), "run `make lock`"


def test_holds_what_the_package_needs_at_any_depth() -> None:
    chosen = names(runtime())
    for name in sorted(chosen):
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python than this one
        for requirement in map(Requirement, wanted):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert normal(requirement.name) in chosen, f"{requirement} of {name}"


def test_holds_neither_tools_for_development_nor_embedded_stores() -> None:
    development = {normal(one) for one in PROJECT["dependency-groups"]["dev"]} - {"pyyaml"}  # granian asks for it too
    embedded = {normal(one) for one in PROJECT["project"]["optional-dependencies"]["embedded"]}
    assert names(runtime()) & (development | embedded) == set()


def test_every_entry_has_its_hashes() -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", runtime())[1:]
    assert len(entries) > 40
    assert all("--hash=sha256:" in entry and "#" not in entry for entry in entries)


def test_an_extra_adds_what_it_names() -> None:
    added = names(runtime("embedded")) - names(runtime())
    assert "secantusdb" in added
    assert "secantusdb" not in names(runtime())


def test_what_builds_the_wheel_is_locked_too() -> None:
    chosen = names(build_requirements(LOCK, (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    assert "hatchling" in chosen
    assert len(chosen) < 8
    for name in chosen:
        wanted = [Requirement(one) for one in metadata.requires(name) or []]
        needed = {normal(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}
        assert needed <= chosen, name


def test_a_dependency_that_is_not_locked_is_refused() -> None:
    project = '[project]\ndependencies = ["here>=1", "gone"]\n'
    lock = "here==1.0 \\\n    --hash=sha256:00\n    # via trackerctl (pyproject.toml)\n"
    with pytest.raises(ValueError, match="gone"):
        runtime_requirements(lock, project)


def test_notes_of_the_lock_are_followed_in_both_forms(tmp_path: Path) -> None:
    lock = (
        "a==1 \\\n    --hash=sha256:00\n    # via trackerctl (pyproject.toml)\n"
        "b==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n    # via\n    #   A\n    #   z\n"
        "c==1 \\\n    --hash=sha256:00\n    # via b\n"
        "z==1 \\\n    --hash=sha256:00\n    # via trackerctl (pyproject.toml:dev)\n"
    )
    assert names(runtime_requirements(lock, '[project]\ndependencies = ["A"]\n')) == {"a", "b", "c"}
