"""Known mistakes of sheet 1, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
