"""Known mistakes of sheet 2, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
