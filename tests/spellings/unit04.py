"""Known mistakes of sheet 4, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
