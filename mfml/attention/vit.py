r"""Vision transformer: an image is cut into patches, which are the tokens of an encoder. Shapes: n images, t tokens.

`ViT` turns images into tokens, features or logits:

>>> from mfml.attention import drawing
>>> from mfml.attention.transformer import Encoder
>>> module = ViT(encoder=Encoder(n_layers=2, n_heads=2), width=8, image_size=(28, 28), patch_size=7, n_classes=10)
>>> images = jnp.zeros((3, 28, 28, 1))
>>> params = drawing.init(module, images, key=jax.random.key(0))
>>> module.apply(params, images).shape
(3, 10)
>>> module.clone(pool=None, n_classes=None).apply(params, images).shape  # a class token and 4 x 4 patches
(3, 17, 8)
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.attention import grids
from mfml.attention.layers import Norm
from mfml.attention.transformer import Encoder
from mfml.entrance import public

POOLS = (None, "token", "mean", "both", "tanh")


class ViT(nn.Module, kw_only=True):
    """Patches of an image, with positions, through an encoder.

    The tokens are the class token, the registers, then the patches, row by row. The class token gathers what the image
    as a whole shows. Registers are tokens that the encoder may use as it likes; nobody reads them. `pool` says what
    comes out:

    - None: all tokens, (n, t, width);
    - "token": the class token, (n, width); "tanh": the same after a dense layer `pooler` and tanh, as ViT's authors do;
    - "mean": the mean over the patches;
    - "both": the class token beside that mean, (n, 2 width).

    With `n_classes`, a dense layer `head` makes logits of it, (n, n_classes). Images may have any size of at least one
    patch: positions were learned for `image_size`, and are interpolated for others. What is left beyond the last whole
    patch is not seen.

    Source: Dosovitskiy et al. (2021), section 3.1; registers: Darcet et al. (2024).
    """

    encoder: Encoder
    width: int
    image_size: tuple[int, int]  # height and width for which positions are learned
    patch_size: int
    class_token: bool = True
    n_registers: int = 0
    pool: str | None = "token"
    n_classes: int | None = None
    patch_bias: bool = True
    first_norm: bool = False  # whether tokens are normalized before the first block (CLIP)
    antialias: bool = False  # how positions are interpolated, see `grids.resize`

    @nn.compact
    def __call__(self, images: Float[Array, "n h w c"]) -> Float[Array, "n *out"]:
        """Tokens, features or logits of images; channels come last."""
        self._check(images)
        grid = images.shape[1] // self.patch_size, images.shape[2] // self.patch_size
        x = nn.Dense(self.width, use_bias=self.patch_bias, name="patches")(patchify(images, patch_size=self.patch_size))
        x = x + self._positions(grid)
        n_special = self.class_token + self.n_registers
        if n_special:
            tokens = self.param("tokens", nn.initializers.normal(0.02), (n_special, self.width))
            tokens = jnp.broadcast_to(tokens.astype(x.dtype), (len(x), *tokens.shape))
            x = jnp.concatenate([tokens, x], axis=1)
        x = nn.Dropout(self.encoder.dropout, deterministic=not self.has_rng("dropout"))(x)
        if self.first_norm:
            x = Norm(norm=self.encoder.norm, eps=self.encoder.eps, name="first_norm")(x)
        x = self._pooled(self.encoder(x), n_special)
        return x if self.n_classes is None else nn.Dense(self.n_classes, name="head")(x)

    def _check(self, images: Array) -> None:
        require.one_of("pool", self.pool, POOLS)
        require.rank("images", images, 4)
        require.sizes(patch_size=self.patch_size, width=self.width, n_classes=self.n_classes)
        require.flags(class_token=self.class_token, patch_bias=self.patch_bias)
        require.flags(first_norm=self.first_norm, antialias=self.antialias)
        require.that(self.n_registers >= 0, f"n_registers must not be negative; found {self.n_registers}")
        require.that(len(self.image_size) == 2, f"image_size must be height and width; found {self.image_size}")
        for name, size in (("images", images.shape[1:3]), ("image_size", self.image_size)):
            fits = min(size) >= self.patch_size
            require.that(fits, f"{name} must have at least {self.patch_size} rows and columns; found {tuple(size)}")
        found = f"found pool = {self.pool!r}"
        require.that(self.class_token or self.pool in (None, "mean"), f"this pool needs class_token = True; {found}")
        require.that(self.n_classes is None or self.pool is not None, f"n_classes needs a pool; {found}")
        needed = {"pooler": self.pool == "tanh", "head": self.n_classes is not None}
        require.parameters(self, "patches", *(name for name, is_there in needed.items() if is_there))
        if not self.is_initializing():
            channels = len(self.variables["params"]["patches"]["kernel"]) // self.patch_size**2
            fits = images.shape[3] == channels
            require.that(fits, f"images must have {channels} channels, as the parameters; found shape {images.shape}")

    def _positions(self, grid: tuple[int, int]) -> Float[Array, "t w"]:
        """Vectors of the places of all patches."""
        learned = (self.image_size[0] // self.patch_size, self.image_size[1] // self.patch_size)
        table = self.param("positions", nn.initializers.normal(0.02), (*learned, self.width))
        if grid != learned:
            table = grids.resize(table, grid, antialias=self.antialias)
        return table.reshape(-1, self.width)

    def _pooled(self, x: Float[Array, "n t w"], n_special: int) -> Float[Array, "n *out"]:
        if self.pool is None:
            return x
        if self.pool in ("token", "tanh"):
            token = x[:, 0]
            return token if self.pool == "token" else jnp.tanh(nn.Dense(self.width, name="pooler")(token))
        mean = jnp.mean(x[:, n_special:], axis=1)
        return mean if self.pool == "mean" else jnp.concatenate([x[:, 0], mean], axis=-1)


@public
@partial(jax.jit, static_argnames="patch_size")
def patchify(images: Float[Array, "n h w c"], *, patch_size: int) -> Float[Array, "n t d"]:
    r"""Cut images into square patches, row by row, each as one vector of $d = p^2 c$ entries.

    Within a patch the channel varies fastest, then the column, then the row. Rows and columns that are left beyond the
    last whole patch are dropped.

    Args:
        images: channels come last.
        patch_size: p; static.

    Raises:
        ValueError: unless there are four axes and at least one patch fits.

    Source: Dosovitskiy et al. (2021), section 3.1.

    >>> patchify(jnp.arange(8.0).reshape(1, 2, 4, 1), patch_size=2).tolist()
    [[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]]
    """
    require.rank("images", images, 4)
    require.positive("patch_size", patch_size)
    n, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    require.that(rows > 0 < columns, f"images must hold a patch of {patch_size} pixels; found shape {images.shape}")
    whole = images[:, : rows * patch_size, : columns * patch_size]
    blocks = whole.reshape(n, rows, patch_size, columns, patch_size, channels).swapaxes(2, 3)
    return blocks.reshape(n, rows * columns, patch_size**2 * channels)
