"""Known mistakes of sheet 3, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
