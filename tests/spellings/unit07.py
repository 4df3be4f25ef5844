"""Known mistakes of sheet 7, as students write them."""

SPELLINGS: dict[str, dict[str, list[str]]] = {
    "ridge": {
        "You added alpha to every entry": [
            """
def ridge(x, y, alpha):
    return jnp.linalg.solve(x.T @ x + alpha, x.T @ y)
""",
            """
def ridge(x, y, alpha):
    x, y = np.asarray(x), np.asarray(y)
    return np.linalg.inv(x.T.dot(x) + alpha).dot(x.T.dot(y))
""",
        ],
    },
}
