# %% [markdown]
# # Unit 4. Neural networks: from neurons to CNNs
#
# Take two images of materials. In the first, spins point up or down, and we ask one question about the whole image:
# **was it hot?** The second is a noisy, badly lit micrograph of an alloy with two phases, and we ask a question about
# every pixel: **which phase is this?** Both answers come from a stack of very simple functions. Gradient descent
# learns the numbers in them. This unit builds that stack: neuron, layer, backward pass, convolution, network.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfml.data import cahn_hilliard, ising
from mfml.networks import (
    activations,
    approximation,
    architectures,
    backprop,
    convolution,
    geometry,
    mlp,
    pooling,
    segmentation,
    symmetry,
    wavelets,
)
from mfml.networks.geometry import Window
from mfml.plots import networks as plots
from mfml.risk import losses
from mfml.training import loop

key = jax.random.key(4)
for_ising, for_alloy, for_weights, for_training = jax.random.split(key, 4)
temperature = np.random.default_rng(4).uniform(1.0, 3.6, 2400)
lattices = ising.simulate(temperature, key=for_ising, size=16)
lattices = jax.tree.map(np.asarray, lattices)
alloy = jax.tree.map(np.asarray, cahn_hilliard.segmentation(key=for_alloy, n_samples=96, size=32, noise=0.15))
print(f"{len(lattices.spins)} spin lattices, {len(alloy.images)} micrographs")

# %% [markdown]
# ## One neuron
#
# A neuron multiplies its inputs by weights, adds a bias and squashes the sum:
#
# $$a = \phi(z), \qquad z = x \cdot w + b \tag{4.1}$$
#
# Without the **activation** $\phi$ a network of any depth would be one linear map. Learning depends on the derivative
# of $\phi$: where it is small, little is learned.

# %%
z = np.linspace(-4.0, 4.0, 201)


NAMES = ("sigmoid", "tanh", "relu", "silu")


@jax.jit
def both(z):
    """Return four activations and their derivatives."""
    return [[f(z, activation=name) for name in NAMES] for f in (activations.apply, activations.derivative)]


values, slopes = (dict(zip(NAMES, curves, strict=True)) for curves in both(z))

# %% tags=["fig-activations"]
plots.activations(z, values, slopes)

# %% [markdown]
# *What to see.* The sigmoid's slope is at most 1/4, so the slopes of ten layers shrink a gradient by a factor of at
# least a million. The rectifier (relu) passes the gradient on unchanged or not at all. It has no derivative at its
# kink; we take 0.
#
# *Exercises 4.1 and 4.2* (`exercises/unit04.py`): a neuron, derivatives of activations.

# %% [markdown]
# ## Layers, and the way back
#
# Many neurons side by side form a **dense layer**, $A = \phi(X W + b)$, with one sample per row. The chain rule,
# applied from the last layer back to the first, gives the derivative of the loss with respect to each weight:
#
# $$\delta_l = \frac{\partial J}{\partial z_l}, \qquad \frac{\partial J}{\partial W_l} = a_{l-1}^\top \delta_l,
# \qquad \delta_{l-1} = (\delta_l W_l^\top) \odot \phi'(z_{l-1}) \tag{4.2}$$
#
# This is **backpropagation**. One forward and one backward pass give the gradient with respect to *all* parameters. We
# compute it by hand and by JAX:


# %%
@jax.jit
def gradients(key, x, y):
    small = mlp.init(key=key, sizes=(256, 16, 2))
    by_jax = jax.grad(lambda net: jnp.mean(optax.softmax_cross_entropy(mlp.apply(net, x), y)))(small)
    return *backprop.loss_and_gradient(small, x, y, loss="cross_entropy"), by_jax


risk, by_hand, by_jax = gradients(for_weights, lattices.spins[:50].reshape(50, 256), np.eye(2)[lattices.above[:50]])
pairs = zip(jax.tree.leaves(by_hand.network), jax.tree.leaves(by_jax), strict=True)
largest_difference = max(float(np.abs(a - b).max()) for a, b in pairs)
print(f"risk {risk:.3f} nats; backward pass by hand and jax.grad differ by {largest_difference:.0e}")

# %% [markdown]
# *Exercises 4.3 and 4.4*: the dense layer, the backward pass of two layers.

# %% [markdown]
# ## What can such a network represent?
#
# One hidden layer can approximate any continuous function. The proof is a construction: threshold neurons make bumps
# side by side; rectifiers make hats. With $m$ neurons on an interval of length $\ell$, and a function with slope at
# most $L$ and curvature at most $M$:
#
# $$\text{bumps: error} \le \frac{L \ell}{2 m}, \qquad \text{hats: error} \le \frac{M \ell^2}{8 m^2} \tag{4.3}$$


# %%
def wave(x):
    return jnp.sin(3 * x) + 0.3 * x


low, high = 0.0, 3.0
grid = np.linspace(low, high, 1201)
widths = (4, 8, 16, 32)


@jax.jit
def constructed(grid):
    """Return the function, networks of each width and the bounds of their errors: bumps first, then hats."""
    curves = [
        (
            mlp.apply(approximation.bumps(wave, low, high, width=m), grid[:, None], activation="heaviside")[:, 0],
            mlp.apply(approximation.hats(wave, low, high, width=m), grid[:, None], activation="relu")[:, 0],
        )
        for m in widths
    ]
    limits = [
        (approximation.bumps_bound(3.3, low, high, width=m), approximation.hats_bound(9.0, low, high, width=m))
        for m in widths
    ]
    return wave(grid), curves, limits


truth, curves, limits = constructed(grid)
errors = np.abs(np.array(curves) - truth).max(axis=2)
limits = dict(zip(("bumps", "hats"), np.array(limits).T, strict=True))

# %% tags=["fig-approximation"]
plots.approximations(grid, truth, dict(zip(("8 bumps", "8 hats"), curves[1], strict=True)), y_label="function")

# %% tags=["fig-bounds"]
plots.bounds(widths, {"bumps": errors[:, 0], "hats": errors[:, 1]}, limits)

# %% [markdown]
# *What to see.* Doubling the number of neurons halves the error of bumps and quarters that of hats, as (4.3) says. In
# $d$ dimensions a grid would need $m^d$ bumps. With random **ridges** (`approximation.ridges`) the error falls like
# $1/\sqrt m$ in any dimension, for functions that are smooth enough (Barron).
#
# *Where it fails.* The theorem says that such weights exist. It does not say that gradient descent finds them, or that
# a few samples determine them. For images it matters much more to build in what we know about images.

# %% [markdown]
# ## Fixed features: Fourier and wavelets
#
# Before features were learned, they were designed. Write a microstructure in an orthonormal basis, keep only the
# largest 5 % of the coefficients, and transform back.

# %%
field = alloy.fields[0]
fields, kept = {"composition": field}, int(0.05 * field.size)


@jax.jit
def compressed(field):
    both = wavelets.fourier(wavelets.fourier(field).T).T
    both = wavelets.keep_largest(both, n_kept=kept)
    return wavelets.inverse_fourier(wavelets.inverse_fourier(both).T).T, *(
        wavelets.synthesize_image(
            wavelets.keep_largest(wavelets.analyze_image(field, order=p, levels=3), n_kept=kept), order=p, levels=3
        )
        for p in (1, 3)
    )


for name, image in zip(("Fourier", "Haar", "Daubechies 3"), compressed(field), strict=True):
    lost = np.linalg.norm(image - field) / np.linalg.norm(field - field.mean())
    fields[f"{name}\n{lost:.0%} lost"] = image

# %% tags=["fig-wavelets"]
plots.columns([fields], size=1.7)

# %% [markdown]
# *What to see.* With a twentieth of the numbers, the phases are still visible. Waves win here, since the field is
# smooth and periodic. But each wave extends over the whole image. Haar's steps are local and blocky, Daubechies'
# wavelets local and smooth. A convolutional layer is also local and the same in every place, but it *learns* its
# little waves.

# %% [markdown]
# ## Convolution: the same small neuron everywhere
#
# A convolutional layer slides one kernel over the image and mixes channels:
#
# $$y_{rsk} = \sum_{i,j,c} x_{r + i,\, s + j,\, c}\, K_{ijck} \tag{4.4}$$
#
# This is a *cross-correlation*: the kernel is not flipped. We apply two kernels to a composition field, and then
# pooling:

# %%
image = alloy.fields[:1, :, :, None]
smooth = np.ones((3, 3)) / 9
edge = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
kernels = np.stack([smooth, edge], axis=-1, dtype=np.float32)[:, :, None, :]


def layer(image):
    return convolution.cross_correlation(image, kernels, padding="same", mode="periodic")


@jax.jit
def both_kernels(image):
    """Return the layer, the same written as loops, and its edges after pooling."""
    features = layer(image)
    by_hand = convolution.by_hand(image, kernels, padding="same", mode="periodic")
    return features, by_hand, pooling.max_pool(jnp.abs(features))


features, by_hand, pooled = (np.asarray(one) for one in both_kernels(image))
shown = {
    "composition": image[0, :, :, 0],
    "mean": features[0, :, :, 0],
    "vertical edges": features[0, :, :, 1],
    "edges, max pooled": pooled[0, :, :, 1],
}

# %% tags=["fig-kernels"]
plots.columns([shown], size=1.7)

# %%
shift = partial(symmetry.translate, rows=3, columns=5)


def mean(image):
    return pooling.global_average(jnp.abs(layer(image)))


@jax.jit
def errors_of_symmetry(image):
    return (
        symmetry.equivariance_error(layer, image, before=shift, after=shift),
        symmetry.invariance_error(mean, image, transform=shift),
        symmetry.invariance_error(mean, image, transform=symmetry.rotate),
    )


names = ("layer, shifted", "layer and mean over all pixels, shifted", "layer and mean over all pixels, turned")
symmetry_errors = dict(zip(names, errors_of_symmetry(image), strict=True))
for name, error in symmetry_errors.items():
    print(f"{name:42s} {float(error):.1e}")
as_dense = geometry.dense_parameters((32 * 32, 32 * 32 * 2))
as_convolution = geometry.convolution_parameters((3, 3), inputs=1, outputs=2)
print(f"the same map as a dense layer: {as_dense:,} parameters; as a convolution: {as_convolution}")

# %% [markdown]
# *What to see.* If the image shifts, the output shifts with it (**equivariance**), and the mean over all pixels does
# not change (**invariance**). Neither property had to be learned. Rotated images are different: the edge kernel looks
# for vertical edges only. And the number of parameters shows why a convolution can learn from few images.
#
# *Exercises 4.5 to 4.7*: cross-correlation, max pooling, output size.

# %% [markdown]
# ## What can one unit see?
#
# Each layer widens the view. With kernel size $k$, dilation $d$, stride $s$, and the product $j$ of the strides before
# it:
#
# $$r \leftarrow r + d\,(k - 1)\,j, \qquad j \leftarrow s\,j \tag{4.5}$$
#
# The result $r$ is the **receptive field**. In the figure, the frame shows (4.5). The color shows how much one unit's
# output really changes with each pixel, averaged over random kernels.

# %%
STACKS = {
    "three 3x3 layers": [Window(3)] * 3,
    "with a pooling": [Window(3), Window(2, 2), Window(3), Window(3)],
    "with dilation": [Window(3), Window(3, 1, 2), Window(3, 1, 4)],
}
PATCH = 24


def run_stack(x, weights, layers):
    for one, (kernel, stride, dilation, _) in zip(weights, layers, strict=True):
        if stride > 1:
            x = pooling.average_pool(x, window=kernel)
        else:
            x = activations.relu(convolution.cross_correlation(x, one, dilation=dilation))
    return x


CHANNELS = 6
rng = np.random.default_rng(4)


def influence_of(patch, *weights, layers, unit):
    return geometry.influence(partial(run_stack, weights=weights, layers=layers), patch, row=unit, column=unit)


influences, sizes, centers = {}, [], []
for name, layers in STACKS.items():
    view = geometry.receptive_fields(layers)[-1]
    unit = (PATCH - view.size) // (2 * view.jump)
    patches = rng.normal(size=(30, PATCH, PATCH, 1))
    weights = [rng.normal(size=(30, 3, 3, inputs, CHANNELS)) for inputs in [1] + [CHANNELS] * (len(layers) - 1)]
    over_kernels = jax.jit(jax.vmap(partial(influence_of, layers=layers, unit=unit)))
    influences[name] = np.mean(over_kernels(patches, *weights), axis=0)
    sizes.append(view.size)
    centers.append(view.start + unit * view.jump)

# %% tags=["fig-receptive"]
plots.receptive_fields(influences, sizes, centers)

# %% [markdown]
# *What to see.* Nothing outside the frame matters, and inside the frame the middle matters most: the *effective*
# receptive field is smaller than the formula says. Pooling and dilation widen the view at no cost in parameters.
#
# > **Materials view.** A network cannot see the shape of a grain larger than its receptive field. Know the size of
# > your features in pixels before you choose the depth.
#
# *Exercise 4.8*: the receptive field of a stack of layers.

# %% [markdown]
# ## Dense or convolutional? Ising lattices
#
# Each sample is a 16 x 16 lattice of spins in equilibrium at some temperature. Was it above the critical temperature
# $T_c \approx 2.27$? We train on 400 lattices and test on 2000. Both networks have nearly the same number of
# parameters. One is built for neighboring pixels; the other has to discover which pixels are neighbors.

# %%
N_TRAIN = 400
spins, above = lattices.spins[..., None], lattices.above
lenet = architectures.LeNet(2, features=(8, 16), hidden=(16,), kernel=3, activation="relu", pool="max")
start = {
    "dense": lambda key: mlp.init(key=key, sizes=(256, 21, 2)),
    "LeNet": lambda key: architectures.init(lenet, spins[:1], key=key),
}
predict = {
    "dense": lambda network, x: mlp.apply(network, x.reshape(len(x), -1)),
    "LeNet": lenet.apply,
}


def pixel_or_image_loss(apply, params, batch, key):
    """Return the mean cross-entropy in nats: over images, or over all their pixels."""
    inputs, labels = batch
    return jnp.mean(losses.cross_entropy(apply(params, inputs), labels))


@partial(jax.jit, static_argnames=("start", "predict", "n_train", "rate", "n_steps", "batch_size"))
def learned(start, predict, inputs, labels, *, n_train, rate, n_steps, batch_size):
    """Train on the first samples; return the training and, for all samples, the class with the largest logit."""
    loss = partial(pixel_or_image_loss, predict)
    options = loop.Options(loss, optax.adam(rate), n_steps=n_steps, batch_size=batch_size)
    data = inputs[:n_train], labels[:n_train]
    trained = loop.fit(data, key=for_training, options=options, init=start(for_weights))
    return trained, jnp.argmax(predict(trained.params, inputs), axis=-1)


n_parameters, histories, right = {}, {}, {}
for name in start:
    trained, answers = learned(
        start[name], predict[name], spins, above, n_train=N_TRAIN, rate=3e-3, n_steps=300, batch_size=50
    )
    n_parameters[name] = mlp.n_parameters(trained.params)
    histories[name] = trained.history
    right[name] = np.asarray(answers) == above
accuracy = {name: float(hits[N_TRAIN:].mean()) for name, hits in right.items()}
for name in start:
    print(f"{name:6s} {n_parameters[name]} parameters, {accuracy[name]:.1%} of 2000 new lattices right")

# %%
edges = np.linspace(1.0, 3.6, 14)
place = np.digitize(temperature[N_TRAIN:], edges) - 1
shares = {name: [hits[N_TRAIN:][place == i].mean() for i in range(len(edges) - 1)] for name, hits in right.items()}

# %% tags=["fig-learning"]
plots.learning(histories)

# %% tags=["fig-ising"]
plots.accuracy_over((edges[:-1] + edges[1:]) / 2, shares, x_label="temperature (J / k_B)", mark=ising.CRITICAL)

# %% [markdown]
# *What to see.* Both networks memorize the 400 lattices, so the training loss does not say which is better. On new
# lattices the convolutional one wins. Near $T_c$ both make errors, since a small lattice hardly reveals its
# temperature.
#
# *Where it fails.* A threshold on the magnitude of the magnetization does almost as well as the convolutional network.
# Always try the physicist's feature first, and ask whether a network adds anything to it.

# %% [markdown]
# ## An answer for every pixel: the U-Net
#
# To recognize a phase, we must look at the surroundings of a pixel as well: lighting varies over the micrograph, and
# noise hides edges. The **U-Net** goes down to a coarse view by pooling and up again by transposed convolution, and it
# passes the fine view across. We judge it by Dice's coefficient, $2 |A \cap B| / (|A| + |B|)$, for each phase.

# %%
micrographs, masks = alloy.images[..., None], alloy.masks
centered = micrographs - micrographs.mean(axis=(1, 2), keepdims=True)
unet = architectures.UNet(2, features=(8, 16))
_, answers = learned(
    lambda key: architectures.init(unet, centered[:1], key=key),
    unet.apply,
    centered,
    masks,
    n_train=64,
    rate=4e-3,
    n_steps=100,
    batch_size=16,
)
found = np.asarray(answers)[64:]
threshold = (centered[64:, :, :, 0] > 0).astype(int)
scores = jax.jit(jax.vmap(partial(segmentation.dice, target=masks[64:])))(np.stack([threshold, found]))
dice = dict(zip(("threshold", "U-Net"), np.asarray(scores), strict=True))
for name, value in dice.items():
    print(f"{name:10s} Dice of the two phases: {value[0]:.3f}, {value[1]:.3f}")

# %% tags=["fig-unet"]
plots.columns(
    [
        {
            "micrograph": alloy.images[64 + i],
            "true phases": masks[64 + i],
            "threshold": threshold[i],
            "U-Net": found[i],
        }
        for i in range(2)
    ]
)

# %% [markdown]
# *What to see.* A threshold follows the lighting and keeps the noise; the U-Net has learned that phases are smooth and
# that brightness is relative. Most of its errors lie on the boundaries.

# %% [markdown]
# ## Five architectures, one idea each
#
# | network | idea |
# |---|---|
# | LeNet (1998) | convolve, pool, repeat, then dense layers |
# | VGG (2015) | small kernels only, but many of them |
# | NiN (2014) | 1x1 layers mix channels; the mean over pixels replaces dense layers |
# | DenseNet (2017) | each layer sees the outputs of all layers before it |
# | U-Net (2015) | down and up again, with skip connections |
#
# All of them take any width: `architectures.VGG(n_classes, stages=...)`. As published, they have this many million
# parameters:

# %%
published = {
    "LeNet": (architectures.LeNet(10), 32, 1),
    "VGG": (architectures.VGG(1000), 224, 3),
    "NiN": (architectures.NiN(10), 32, 3),
    "DenseNet": (architectures.DenseNet(1000), 64, 3),
    "U-Net": (architectures.UNet(2), 64, 1),
}
millions = {}
for name, (module, size, channels) in published.items():
    shapes = jax.eval_shape(module.init, key, jax.ShapeDtypeStruct((1, size, size, channels), float))
    millions[name] = mlp.n_parameters(shapes) / 1e6
    print(f"{name:9s} {millions[name]:7.2f}")

# %% [markdown]
# ## What to keep
#
# 1. A network is neurons in layers. The chain rule, from back to front, gives its gradient in two passes.
# 2. One hidden layer can approximate any continuous function. What you build in decides how much data you need.
# 3. A convolution shares one small kernel. It is equivariant by construction, and it fits images of any size.
# 4. Count before you train: output size, receptive field, parameters.
#
# **Now you**: `exercises/unit04.py` ([the sheet](../exercises/unit04.py)), then `nox -s grade -- 4`. To read on:
# Bishop (2006), chapter 5; Murphy (2012), section 16.5; McClarren (2021), chapters 5 and 6; Neuer (2024), chapter 4.

# %% tags=["hide-input"]
# What this lesson claims, checked.
assert largest_difference < 1e-6
assert (errors[:, 0] <= limits["bumps"] * 1.001).all()
assert (errors[:, 1] <= limits["hats"] * 1.001 + 1e-5).all()
assert errors[0, 1] / errors[-1, 1] > 30
assert np.allclose(features, by_hand, atol=1e-5)
assert symmetry_errors["layer, shifted"] < 1e-5
assert symmetry_errors["layer and mean over all pixels, shifted"] < 1e-5
assert symmetry_errors["layer and mean over all pixels, turned"] > 1e-3
assert as_dense > 10_000 * as_convolution
assert sizes == [7, 12, 15]
assert abs(n_parameters["dense"] / n_parameters["LeNet"] - 1) < 0.02
assert accuracy["LeNet"] > accuracy["dense"] + 0.02
assert max(float(np.mean(history[-20:])) for history in histories.values()) < 0.1
assert dice["U-Net"].min() > 0.9 > dice["threshold"].max()
assert round(millions["VGG"], 1) == 132.9
