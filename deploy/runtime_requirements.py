"""Prints the part of requirements.lock that the installed package needs, hashes included.

    python deploy/runtime_requirements.py [EXTRA…] > runtime.txt
    python deploy/runtime_requirements.py --build > build.txt     # what the wheel is built with, instead

The lock also holds the tools for development and the embedded stores, which have no place on a server. What the package
needs is found by following the lock's own "via" notes from the dependencies in pyproject.toml. Should one be missed,
`pip install --require-hashes` refuses to go on, so a mistake here cannot put an unchecked package into an installation.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PARENT = re.compile(r"^ +#(?: via)? +(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


def normal(requirement: str) -> str:
    """The name of a requirement in the one spelling that names are compared in."""
    found = _NAME.match(requirement)
    if not found:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def blocks(lock: str) -> Iterator[tuple[str, str, set[str]]]:
    """Each entry of the lock: name, its lines without the notes, and the names that asked for it."""
    for text in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        if not _NAME.match(text):
            continue
        lines = text.splitlines()
        notes = [line for line in lines if line.lstrip().startswith("#")]
        parents = {normal(found["name"]) for line in notes if (found := _PARENT.match(line))}
        yield normal(text), "\n".join(line for line in lines if line.strip() and line not in notes) + "\n", parents


def needed(direct: Iterable[str], parents_of: dict[str, set[str]]) -> set[str]:
    """The direct dependencies and all that they ask for, at any depth."""
    found = set(direct)
    while more := {name for name, parents in parents_of.items() if name not in found and parents & found}:
        found |= more
    return found


def runtime_requirements(lock: str, project: str, extras: Iterable[str] = ()) -> str:
    """The entries of the lock that the package needs with these extras.

    :raises KeyError: for an extra that pyproject.toml does not have.
    :raises ValueError: when a dependency is not in the lock; `make lock` renews it.
    """
    table = tomllib.loads(project)["project"]
    return locked(
        lock, [*table["dependencies"], *(name for extra in extras for name in table["optional-dependencies"][extra])]
    )


def build_requirements(lock: str, project: str) -> str:
    """The entries of the lock that building the wheel needs. Raises as `runtime_requirements`."""
    return locked(lock, tomllib.loads(project)["build-system"]["requires"])


def locked(lock: str, asked: Iterable[str]) -> str:
    """The entries of the lock for some requirements and all that these need.

    :raises ValueError: when one is not in the lock.
    """
    direct = {normal(requirement) for requirement in asked}
    entries = list(blocks(lock))
    # A name may have two entries, with different markers.
    parents_of: dict[str, set[str]] = {}
    for name, _, parents in entries:
        parents_of.setdefault(name, set()).update(parents)
    if missing := direct - parents_of.keys():
        raise ValueError(f"not in requirements.lock: {', '.join(sorted(missing))}; `make lock` renews it")
    wanted = needed(direct, parents_of)
    return "".join(text for name, text, _ in entries if name in wanted)


if __name__ == "__main__":
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "pyproject.toml")]
    build = sys.argv[1:] == ["--build"]
    sys.stdout.write(build_requirements(*texts) if build else runtime_requirements(*texts, sys.argv[1:]))
