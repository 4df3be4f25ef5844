"""Known mistakes of sheet 9, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {}
