"""Known mistakes of sheet 6, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
