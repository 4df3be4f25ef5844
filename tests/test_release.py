"""Version and date of a release stand in several files, and agree."""

import re
import tomllib
from pathlib import Path

import pytest

import mfml

ROOT = Path(__file__).parents[1]
DOCS = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
CITATION = dict(re.findall(r'^([a-z-]+): "?([^"\n]+)"?$', (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", CHANGELOG, re.MULTILINE)


def test_citation_and_changelog_name_this_version():
    assert (CITATION["version"], CITATION["date-released"]) == RELEASES[0]
    assert CITATION["version"] == mfml.__version__


def test_the_package_takes_its_version_from_the_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"] and "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "mfml/__init__.py"


def test_the_changelog_lists_releases_by_kind_newest_first():
    titles = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert titles == ["[Unreleased]", *(f"[{number}] - {date}" for number, date in RELEASES)]
    numbers = [tuple(map(int, number.split("."))) for number, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= kinds


def test_the_citation_has_what_its_format_requires():
    text = (ROOT / "CITATION.cff").read_text()
    assert {"cff-version", "message", "title"} <= set(CITATION)
    assert re.search(r"^authors:\n  - name: ", text, re.MULTILINE)
    assert CITATION["license"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *DOCS])
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
