"""Known mistakes of sheet 8, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
