"""Every cited work has an entry in the bibliography, and every entry is complete and cited."""

import ast
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIBLIOGRAPHY = ROOT / "mfml" / "references.bib"
VENUES = {"journal", "booktitle", "publisher", "howpublished", "eprint"}
SURNAME = r"(?:(?:van der|van den|van|de|Van) )?[^\W\d_a-z][\w'-]+"
CITATION = re.compile(rf"((?:{SURNAME}, )*{SURNAME}(?: and {SURNAME}| et al\.)?),? \(((?:1[89]|20)\d\d)\)")
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")


class Entry(NamedTuple):
    """One work: its key, the surnames of its authors and its fields."""

    key: str
    surnames: list
    fields: dict


class Cited(NamedTuple):
    """One citation and where it is."""

    place: str
    text: str
    names: str
    year: str


def parse(text):
    """Entries of a BibTeX text of the plain form: `@type{key,`, one `name = {value},` a line, `}`."""
    text = re.sub(r"(?m)^%.*\n", "", text)
    entries = []
    for block in re.findall(r"(?ms)^@.*?^\}$", text):
        assert block.count("{") == block.count("}"), f"unbalanced braces: {block}"
        head, *lines = block.splitlines()[:-1]
        key = re.fullmatch(r"@\w+\{([a-z]+\d{4}[ab]?),", head)
        fields = [re.fullmatch(r"  (\w+) = \{(.*)\},", line) for line in lines]
        assert key and all(fields), f"not of the plain form: {block}"
        named = {field[1]: field[2] for field in fields}
        surnames = [name.split(",")[0] for name in named.get("author", "").split(" and ")]
        entries.append(Entry(key[1], surnames, named))
    assert len(entries) == text.count("@"), "an entry does not end with a brace on a line of its own"
    return entries


def matches(cited, entry):
    """Up to three authors are all named; of four and more the first is, with "et al."."""
    expected = entry.surnames[:1] if len(entry.surnames) > 3 else entry.surnames
    names = re.split(r", | and ", cited.names.removesuffix(" et al."))
    return (
        cited.year == entry.fields.get("year")
        and names == expected
        and cited.names.endswith(" et al.") == (len(entry.surnames) > 3)
    )


def docstrings(path):
    """Each docstring of a file with the line on which it starts."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield node.body[0].lineno, node.body[0].value.value


def comments(path):
    """Each run of comment lines of a lesson with the line on which it starts."""
    lines = path.read_text().splitlines()
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].startswith("#"):
            end += 1
        # A table may name an architecture and its year: no citation.
        if end > start:
            yield start + 1, "\n".join("" if line.startswith("# |") else line[1:] for line in lines[start:end])
        start = end + 1


def texts():
    for path in sorted((ROOT / "mfml").rglob("*.py")):
        if "_course" not in path.parts:
            yield from ((path, line, text) for line, text in docstrings(path))
    for folder in ("units", "solutions"):
        for path in sorted((ROOT / folder).glob("*.py")):
            yield from ((path, line, text) for line, text in (*docstrings(path), *comments(path)))


def place(path, line, text, position):
    return f"{path.relative_to(ROOT)}:{line + text[:position].count(chr(10))}"


def citations(path, line, text):
    for match in re.finditer(CITATION.pattern.replace(" ", r"\s+"), text):
        names = " ".join(match[1].split())
        yield Cited(place(path, line, text, match.start()), " ".join(match[0].split()), names, match[2])


def sources():
    """Each "Source:" paragraph of a docstring with its place."""
    for path, line, text in texts():
        for match in re.finditer(r"Sources?: .*?(?=\n\s*\n|\n\s*Shapes:|\Z)", text, re.DOTALL):
            yield place(path, line, text, match.start()), " ".join(match[0].split())


ENTRIES = parse(BIBLIOGRAPHY.read_text())
CITED = [cited for found in texts() for cited in citations(*found)]


def test_the_library_cites_works():
    assert len(CITED) > 300
    assert len(ENTRIES) > 200


def test_each_citation_has_exactly_one_entry():
    counts = [(cited, sum(matches(cited, entry) for entry in ENTRIES)) for cited in CITED]
    wrong = [f"{cited.place}: {cited.text} has {count} entries" for cited, count in counts if count != 1]
    assert not wrong, "\n".join(wrong)


def test_each_entry_is_cited():
    unused = [entry.key for entry in ENTRIES if not any(matches(cited, entry) for cited in CITED)]
    assert not unused


def test_entries_are_complete():
    needed = {"author", "title", "year"}
    wrong = [e.key for e in ENTRIES if not needed <= e.fields.keys() or not VENUES & e.fields.keys()]
    wrong += [e.key for e in ENTRIES if not all(e.fields.values()) or not e.key.endswith(e.fields["year"])]
    assert not wrong


def test_entries_are_distinct():
    def plain(title):
        return re.sub(r"\W", "", unicodedata.normalize("NFKD", title)).lower()

    for names in ([e.key for e in ENTRIES], [plain(e.fields["title"]) + e.fields["year"] for e in ENTRIES]):
        assert sorted(names) == sorted(set(names))


def test_each_source_with_a_year_is_a_citation():
    wrong = []
    for at, text in sources():
        rest = CITATION.sub("", text)
        # Beside a citation, a bare number may be a page; one in parentheses is a year.
        if (rest == text and YEAR.search(rest)) or re.search(rf"\({YEAR.pattern}\)", rest):
            wrong.append(f"{at}: {text}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("names", "year", "count"),
    [
        ("Bishop", "2006", 1),
        ("Bishop", "2005", 0),
        ("Golub and Van Loan", "2013", 1),
        ("Golub", "2013", 0),
        ("Golub et al.", "2013", 0),
        ("Gelman et al.", "2013", 1),
        ("Gelman", "2013", 0),
        ("Goodfellow, Vinyals and Saxe", "2015", 1),
        ("Goodfellow, Saxe and Vinyals", "2015", 0),
    ],
)
def test_matching(names, year, count):
    assert sum(matches(Cited("", "", names, year), entry) for entry in ENTRIES) == count


def test_a_broken_entry_fails():
    with pytest.raises(AssertionError, match="unbalanced"):
        parse("@book{bishop2006,\n  title = {{Pattern},\n}\n")
    with pytest.raises(AssertionError, match="plain form"):
        parse('@book{bishop2006,\n  title = "Pattern",\n}\n')
