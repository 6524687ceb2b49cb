"""A package that is not ours adds a CRM, as docs/crm-adapters.md tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.text import ROOT, fences
from tracker.crm import registry
from tracker.crm.base import CrmAdapter
from tracker.errors import InvalidError

PAGE = (ROOT / "docs/crm-adapters.md").read_text(encoding="utf-8")
ADAPTER, SUITE = (body for language, body in fences(PAGE) if language == "python")
ENTRY_POINTS = next(body for language, body in fences(PAGE) if language == "toml")


def install(folder: Path, module: str, source: str, point: str) -> None:
    """What an installer leaves behind: the module, and metadata beside it."""
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[tracker.crm]\n{point}\n", encoding="utf-8")


def run_suite(folder: Path, adapter: str) -> subprocess.CompletedProcess[str]:
    """The page's tests over an adapter, in a process that knows no test of ours."""
    (folder / "acme_tracker.py").write_text(adapter, encoding="utf-8")
    (folder / "test_acme.py").write_text(SUITE, encoding="utf-8")
    source = (ROOT / "tests/crm/adapters/acme_server.py").read_text(encoding="utf-8")
    (folder / "conftest.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", ".", "-rs"]
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, "test_acme.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_package_s_adapter_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = ENTRY_POINTS.strip().splitlines()[-1].replace('"', "")
    install(tmp_path, "acme_tracker", ADAPTER, point)
    monkeypatch.syspath_prepend(tmp_path)
    assert "acme" in registry.kinds()
    found = registry.adapter_class("Acme ")
    assert found.kind == "acme"
    assert isinstance(found.open({"token": "x"}, {"url": "https://acme.example"}), CrmAdapter)


def test_a_package_that_cannot_be_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "broken_tracker", "import no_such_library\n", "brokencrm = broken_tracker:Broken")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidError, match=r"brokencrm.*broken_tracker:Broken"):
        registry.adapter_class("brokencrm")


@pytest.mark.parametrize("kind", ["salesforce", "hubspot", "http", "log"])
def test_ours_are_there_by_their_names(kind: str) -> None:
    found = registry.adapter_class(kind)
    assert found.kind == kind
    assert kind in registry.kinds()


def test_a_kind_that_is_not_installed_gets_the_nearest_name() -> None:
    with pytest.raises(InvalidError, match="did you mean hubspot"):
        registry.adapter_class("hubspott")
    with pytest.raises(InvalidError, match="salesforce"):
        registry.adapter_class("pipedrive")


def test_the_page_s_adapter_passes_the_page_s_tests(tmp_path: Path) -> None:
    done = run_suite(tmp_path, ADAPTER)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout


_GONE = """            outcome = "unchanged" if answer.status == 404 else "updated"
"""
_REFUSED = """            if answer.status == 404:
                raise RefusedError("gone")
            outcome = "updated"
"""
_SEND = 'send("PUT", self._address(record), record.whole)'
FAULTY = {
    "forgets who a record is": ("quote(record.lead_id, safe='')", "__import__('uuid').uuid4().hex"),
    "answers in another order": ("return results\n\n    async def del", "return results[::-1]\n\n    async def del"),
    "repeats a value": ('f"Acme refuses {name}"', "f\"Acme says {answer.document['message']}\""),
    "throws good ones away": ("if answer.status == 422:", "if answer.status == 4220:"),
    "takes what is gone for a failure": (_GONE, _REFUSED),
    "sends nothing": (_SEND, _SEND.replace("record.whole", "{}")),
    "hides an unknown entity": ('if entity != "Person":', 'if entity == "Nobody":'),
}


@pytest.mark.parametrize("fault", FAULTY, ids=[name.replace(" ", "_") for name in FAULTY])
def test_the_suite_finds_what_is_wrong_with_an_adapter(fault: str, tmp_path: Path) -> None:
    old, new = FAULTY[fault]
    assert old in ADAPTER
    done = run_suite(tmp_path, ADAPTER.replace(old, new))
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-1000:]
    assert " failed" in done.stdout
