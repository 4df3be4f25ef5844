"""Hints in a terminal."""

from mfml.grading.show import hints


def test_hints_fit_a_terminal_except_for_code():
    """Prose breaks at 80 columns, code after each statement, and code within backquotes stays in one piece."""
    prose = hints.wrapped("Hint 1 of 3. " + "Which number has query i, and up to which key may it look? " * 4)
    assert len(lines := prose.splitlines()) == 4
    assert max(map(len, lines)) <= 80
    code = f"`{'x + ' * 30}y`"
    assert code in hints.wrapped(f"Hint 3 of 3. The sum, not the mean: {code}, as before.")
    statements = hints.wrapped("Hint 3 of 3. a = f(x); b, c = g(a, x); return a + b * c.")
    assert statements == "  Hint 3 of 3. a = f(x);\n    b, c = g(a, x);\n    return a + b * c."
