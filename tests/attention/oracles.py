"""Attention in NumPy, one query after the other, in double precision."""

import numpy as np


def attention(queries, keys, values, mask=None, scale=None):
    """Return the result and the weights. Masked keys and values are not even looked at."""
    queries, keys, values = (np.asarray(x, float) for x in (queries, keys, values))
    *batch, h, q, d = queries.shape
    k, shared = keys.shape[-2], h // keys.shape[-3]
    allowed = np.broadcast_to(True if mask is None else mask, (*batch, h, q, k))
    out, table = np.zeros((*batch, h, q, values.shape[-1])), np.zeros((*batch, h, q, k))
    for place in np.ndindex(*batch, h, q):
        *b, head, row = place
        may = np.flatnonzero(allowed[place])
        if may.size == 0:
            continue
        its_keys, its_values = keys[(*b, head // shared)][may], values[(*b, head // shared)][may]
        logits = its_keys @ queries[(*b, head, row)] * (d**-0.5 if scale is None else scale)
        powers = np.exp(logits - logits.max())
        table[place][may] = powers / powers.sum()
        out[place] = table[place][may] @ its_values
    return out, table
