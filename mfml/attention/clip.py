r"""Images and texts in one space: two towers, trained so that an image and its text meet. Shapes: n pairs, k features.

>>> from mfml.attention.transformer import Encoder
>>> image = ViT(encoder=Encoder(n_layers=1, n_heads=2), width=8, image_size=(8, 8), patch_size=4)
>>> text = Text(encoder=Encoder(n_layers=1, n_heads=2, causal=True), n_tokens=9, width=8, max_length=6, end=8)
>>> module = CLIP(image=image, text=text, n_components=5)
>>> images, ids = jnp.ones((2, 8, 8, 3)), jnp.array([[1, 2, 8], [3, 8, 8]])
>>> params = drawing.init(module, (images, ids), key=jax.random.key(0))
>>> [part.shape for part in module.apply(params, images, ids)]
[(2, 5), (2, 5), ()]
>>> loss(module, params, images, ids).shape
()
"""

from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from mfml import require
from mfml.attention import drawing
from mfml.attention.embedding import Embedding
from mfml.attention.transformer import Encoder
from mfml.attention.vit import ViT
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.representation import contrastive

LARGEST = 100.0  # factor of the cosines


class Text(nn.Module, kw_only=True):
    """Tokens through a causal encoder; the vector at the end of each text, which has seen all of it.

    The end is the first token that is `end`; where a text was cut and has none, its last token. With `end` None it is
    the largest number in the row.

    Source: Radford et al. (2021), section 2.4.
    """

    encoder: Encoder
    n_tokens: int  # of the vocabulary
    width: int
    max_length: int
    end: int | None = None

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"]) -> Float[Array, "n w"]:
        """Vectors of texts."""
        require.rank("ids", ids, 2)
        t = ids.shape[1]
        require.sizes(max_length=self.max_length)
        require.between("number of tokens", t, 1, self.max_length)
        places = self.param("positions", nn.initializers.normal(0.02), (self.max_length, self.width))
        x = self.encoder(Embedding(n_tokens=self.n_tokens, width=self.width, name="tokens")(ids) + places[:t])
        if self.end is None:
            last = jnp.argmax(ids, axis=-1)
        else:
            ends = ids == self.end
            last = jnp.where(jnp.any(ends, axis=-1), jnp.argmax(ends, axis=-1), t - 1)
        return jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]


class Embedded(NamedTuple):
    """Images and texts in one space."""

    images: Float[Array, "n k"]  # of length 1
    texts: Float[Array, "m k"]  # of length 1
    scale: Float[Array, ""]  # scale * images @ texts.T are logits of which text belongs to an image


class CLIP(nn.Module, kw_only=True):
    """A tower for images, one for texts, and a dense layer of each into the common space.

    Source: Radford et al. (2021), section 2.3.
    """

    image: ViT
    text: Text
    n_components: int

    def setup(self) -> None:
        """Make what the towers share."""
        require.sizes(n_components=self.n_components)
        self.image_projection = nn.Dense(self.n_components, use_bias=False)
        self.text_projection = nn.Dense(self.n_components, use_bias=False)
        self.log_scale = self.param("log_scale", nn.initializers.constant(drawing.LOG_SCALE), ())

    def __call__(self, images: Float[Array, "n h w c"], ids: Int[Array, "m t"]) -> Embedded:
        """Both, each vector of length 1."""
        scale = scaling.at_most(LARGEST, jnp.exp(self.log_scale))
        return Embedded(scaling.directions(self.of_images(images)), scaling.directions(self.of_texts(ids)), scale)

    def of_images(self, images: Float[Array, "n h w c"]) -> Float[Array, "n k"]:
        """Images in the common space, of any length."""
        return self.image_projection(self.image(images))

    def of_texts(self, ids: Int[Array, "n t"]) -> Float[Array, "n k"]:
        """Texts in the common space, of any length."""
        return self.text_projection(self.text(ids))


@public
@partial(jax.jit, static_argnames="module")
def loss(
    module: CLIP, params: PyTree[Array], images: Float[Array, "n h w c"], ids: Int[Array, "n t"]
) -> Float[Array, ""]:
    r"""Symmetric InfoNCE: which text belongs to each image, and which image to each text; the mean of both, in nats.

    Image i and text i are a pair, all others in the batch are negatives. The temperature 1 / scale is learned; the
    scale stays below 100. Guessing gives ln n.

    Args:
        module: static.
        params: its parameters.
        images: channels come last.
        ids: their texts.

    Raises:
        ValueError: unless there are as many images as texts.

    Source: Radford et al. (2021), figure 3.

    >>> from mfml.attention.transformer import Encoder
    >>> image = ViT(encoder=Encoder(n_layers=1, n_heads=1), width=4, image_size=(4, 4), patch_size=4)
    >>> text = Text(encoder=Encoder(n_layers=1, n_heads=1, causal=True), n_tokens=9, width=4, max_length=3)
    >>> module, images, ids = CLIP(image=image, text=text, n_components=2), jnp.ones((1, 4, 4, 1)), jnp.array([[1, 8]])
    >>> loss(module, drawing.init(module, (images, ids), key=jax.random.key(0)), images, ids).item()  # no choice
    0.0
    """
    require.same_length(images=images, ids=ids)
    both: Any = module.apply(params, images, ids)
    of_texts = contrastive.info_nce(both.images, both.texts, temperature=1 / both.scale)
    of_images = contrastive.info_nce(both.texts, both.images, temperature=1 / both.scale)
    return (of_texts + of_images) / 2
