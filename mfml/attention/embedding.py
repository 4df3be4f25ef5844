"""Tables of learned vectors: one per token of a vocabulary. Shapes: v tokens in the vocabulary, w features."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.arrays import as_int


class Embedding(nn.Module, kw_only=True):
    """Learned vectors of `n_tokens` tokens, the parameter `embedding`. A number outside of the vocabulary gives NaN."""

    n_tokens: int
    width: int

    def setup(self) -> None:
        """Make the table."""
        require.sizes(n_tokens=self.n_tokens, width=self.width)
        self.embedding = self.param("embedding", nn.initializers.normal(0.02), (self.n_tokens, self.width))

    def __call__(self, ids: Int[Array, "*n"], mask: Bool[Array, "*n"] | None = None) -> Float[Array, "*n w"]:
        """Return the vector of each token. Where the mask is False, that of token 0 stands for whatever is there."""
        kind = np.dtype(getattr(ids, "dtype", None) or np.asarray(ids).dtype)
        require.that(kind.kind in "iu", f"ids must be integers; found {kind}")
        numbers = jnp.clip(as_int("ids", ids), -1, self.n_tokens)  # JAX looks up 32 bits of a number
        numbers = numbers if mask is None else jnp.where(mask, numbers, 0)
        return self.embedding.at[numbers].get(mode="fill", fill_value=jnp.nan, wrap_negative_indices=False)

    def attend(self, x: Float[Array, "*n w"]) -> Float[Array, "*n v"]:
        """Return the product with the vector of each token: the logits of a head that shares the table."""
        return x @ self.embedding.T
