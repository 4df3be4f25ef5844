"""Words that read as archaic or translated stay out of what users read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("mfml", "units", "exercises", "solutions", "benchmarks", "docs", "tests")
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
FILES = [*PAGES, *(p for room in ROOMS for p in sorted((ROOT / room).rglob("*")) if p.suffix in {".py", ".md"})]
FILES.remove(Path(__file__))
COUNTED = "(column|row|number|entry|value|panel|bar|color|label|loss|file|scatter|answer|prediction|direction)"
OWNER = "(sample|feature|point|pixel|label|model|group|method|fold|row|column|class|unit|temperature|specimen)"
INSTEAD = {
    r"anew|afresh": "again",
    r"by turns": "alternately",
    r"dear(er|est)?": "expensive",
    r"idem": "the same",
    r"wherefrom|whence|whereof|wherein|whereupon": "from which, of which, ...",
    r"thence|thereof|therein|thereto|thereupon|hereby|herein": "from it, of it, ...",
    r"amongst|whilst|unto|hitherto|heretofore|forthwith|henceforth|albeit|lest": "among, while, to, so far, ...",
    r"of which each": "each of which",
    r"without a seam": "seamlessly",
    r"never (falling|rising)": "non-decreasing, non-increasing",
    r"(that|which) (is|are) not finite|no finite (number|value|entry)": "non-finite",
    r"bears? (the|a|its|their) names?|names? .{0,40} bear": "has the name",
    r"but for(?! (large|small|all|every|each|many|most))": "except for",
    r"for want of|in vain|nigh|seldom|nought|wrought|aright": "for lack of, needlessly, almost, rarely, ...",
    r"mend(s|ed|ing)?": "repair",
    rf"(one|two) {COUNTED} an? {OWNER}": "per",
    r"(nats|bits|points|seconds|cost|cross-entropy) an? (sample|curve|row|pixel|call|side|class|leaf)": "per",
}


def found(text):
    """Yield line number, words and what to write instead."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in INSTEAD.items():
            for match in re.finditer(rf"\b({pattern})\b", line, re.IGNORECASE):
                yield number, match[0], instead


@pytest.mark.parametrize(
    ("line", "words"),
    [("# begins anew", ["anew"]), ("One row a sample.", ["One row a sample"]), ("amended, a renewal, a bear", [])],
)
def test_words_are_found_and_only_whole(line, words):
    assert [word for _, word, _ in found(line)] == words


def test_no_archaic_words():
    rows = [
        f"{path.relative_to(ROOT)}:{number}: {words!r}: write {instead!r}"
        for path in FILES
        for number, words, instead in found(path.read_text(encoding="utf-8"))
    ]
    assert not rows, "\n".join(rows)
