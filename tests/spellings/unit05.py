"""Known mistakes of sheet 5, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
