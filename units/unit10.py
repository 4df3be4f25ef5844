# %% [markdown]
# # Unit 10. Attention: tokens that choose whom to listen to
#
# A micrograph is cut into patches, a formula is a row of symbols. Which parts belong together? A convolution answers
# in advance: neighbors do. In a formula that fails: the number of the last atoms follows from all metals before them.
# **Can a network decide by itself where to look? And when does that pay?**

# %%
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfml.attention import (
    dot_product,
    drawing,
    fading,
    masks,
    norms,
    positions,
    pretrained,
    recurrent,
    sentences,
    transformer,
    wordpiece,
)
from mfml.data import digits, elements, formulas, minilm
from mfml.plots import attention as plots
from mfml.plots import clustering as curves
from mfml.representation import probe
from mfml.training import loop

key = jax.random.key(10)
for_digits, for_test, for_weights, for_training, for_formulas, for_sampling = jax.random.split(key, 6)

# %% [markdown]
# ## Why not read one token after the other?
#
# A recurrent network does. It keeps a state, and each token changes it. To learn that the last number of a formula
# depends on the first metal, the gradient must travel back through all the steps in between. At each of them it is
# multiplied by a matrix. Here is how much of it is left, in networks with random weights:

# %%
STRETCH, UNITS = 60, 32
sequence = jax.random.normal(for_weights, (STRETCH, 4))
faded = {}
for name, kind in (("RNN", "rnn"), ("GRU", "gru"), ("LSTM", "lstm")):
    reader = recurrent.init(key=for_weights, n_inputs=4, n_units=UNITS, kind=kind)
    faded[name] = np.exp(fading.measure(reader, sequence).log_norm)
    print(f"{name}: {faded[name][20]:.0e} of the derivative is left after 20 steps")

# %% tags=["fig-fading"]
plots.fading(np.arange(STRETCH + 1), faded)

# %% [markdown]
# *What to see.* Derivatives fade exponentially. The forget gate of the LSTM is nearly open at the start and slows this
# down most; an untrained GRU hardly does. Neither ends it. Attention takes another way: every token looks at every
# other one directly, however far away it is.
#
# ## Attention as a soft dictionary
#
# A dictionary returns the value whose key equals the query. **Attention** returns a mean of all values. The better a
# key $k_j$ fits the query $q_i$, the larger its weight:
#
# $$a_{ij} = \frac{e^{q_i \cdot k_j / \sqrt{d}}}{\sum_l e^{q_i \cdot k_l / \sqrt{d}}}, \qquad
# y_i = \sum_j a_{ij} v_j \tag{10.1}$$
#
# with queries and keys of d entries. In matrices, with one row per token, this is
# $Y = \mathrm{softmax}(Q K^\top / \sqrt{d})\, V$. If queries, keys and values are computed from the same tokens, this
# is **self-attention**: $q = x W_Q$, $k = x W_K$, $v = x W_V$. The three matrices are learned. Nothing in the formula
# says that neighbors are special.
#
# Why $\sqrt{d}$? The product of two vectors of $d$ independent standard normal entries has the variance $d$. Without
# the root, a head with many features would listen to a single token from the start, and its gradient would vanish:

# %%
WIDTHS = (4, 64, 1024)
drawn = jax.random.normal(for_weights, (2, 1, 200, max(WIDTHS)))
largest = {}
for name, scale in (("with the root", None), ("without", 1.0)):
    largest[name] = [
        float(dot_product.weights(drawn[0, ..., :d], drawn[1, ..., :d], scale=scale).max(axis=-1).mean())
        for d in WIDTHS
    ]
    print(f"{name:14s}", ", ".join(f"d = {d}: {w:.2f}" for d, w in zip(WIDTHS, largest[name], strict=True)))

# %% [markdown]
# These are the largest weights among 200 tokens, on average. With the root they do not depend on the width.
#
# ## One head by hand
#
# Take five elements as tokens: lithium, beryllium, phosphorus, oxygen and fluorine. Each has two features, its
# electronegativity and its radius, standardized over the elements of the table. We choose the matrices ourselves. Here
# only the first one counts. In the first head, tokens look for their opposites: the query is the electronegativity, and
# the key is its negative. In the second head, key and query are the same:

# %%
TOKENS = ("Li", "Be", "P", "O", "F")
table, card = elements.load(source="table")
features = np.stack([table.electronegativity, table.radius], axis=1)
features = (features - features.mean(axis=0)) / features.std(axis=0)
symbols = [elements.SYMBOLS[int(number)] for number in table.atomic_number]
x = jnp.asarray(features[[symbols.index(token) for token in TOKENS]])

to_query = jnp.array([[1.2], [0.0]])  # W_Q picks the electronegativity
heads = {}
for name, to_key in (("opposites attract", -to_query), ("like attracts like", to_query)):
    q, k = x @ to_query, x @ to_key
    heads[name] = dot_product.weights(q[None], k[None])[0]  # the first axis counts heads
heard = heads["opposites attract"] @ x[:, :1]
print(
    "electronegativity that each token hears:",
    ", ".join(f"{t} {v:+.2f}" for t, v in zip(TOKENS, heard[:, 0], strict=True)),
)

# %% tags=["fig-heads"]
plots.weights(heads, queries=TOKENS)

# %% [markdown]
# *What to see.* Each row adds up to 1. On the left, the metals listen to oxygen and fluorine, and these listen to the
# metals. On the right, each listens to its own side. Phosphorus, near the middle of the scale, spreads its attention
# most evenly.
#
# *Exercise 10.2* (`exercises/unit10.py`): attention.
#
# ## Masks
#
# A language model predicts the next token, so no token may see what comes after it. The logits of later tokens are set
# to $-\infty$ **before** the softmax, and the other weights still add up to 1:
#
# $$a_{ij} = 0 \quad \text{for } j > i \tag{10.2}$$
#
# The same trick hides the padding of short sequences. A row without any allowed token has no mean; here it is 0.
#
# *Exercise 10.1*: the causal mask.

# %%
free = drawn[0, 0, :6, :8]
seen = {
    "all": dot_product.weights(free[None], free[None])[0],
    "causal": dot_product.weights(free[None], free[None], mask=masks.causal(6, 6))[0],
}

# %% tags=["fig-masks"]
plots.weights(seen, queries=[str(number) for number in range(1, 7)])

# %% [markdown]
# ## Several heads
#
# One head takes one mean. **Multi-head attention** computes $h$ in parallel. Each has matrices of its own, which make
# vectors of $w / h$ entries out of $w$ features. It puts the results side by side, and mixes them:
#
# $$y = [y^{(1)}, \dots, y^{(h)}] \, W_O \tag{10.3}$$
#
# This costs no more than one wide head. Different heads can look at different tokens; further down, a trained network
# shows it.
#
# *Exercise 10.3*: heads.
#
# ## Order needs positions
#
# Let us shuffle the tokens. The outputs are shuffled in the same way, and otherwise unchanged: attention is
# **equivariant** to permutations. For a set of atoms that is a blessing. But "FeO" and "OFe" look alike, and so do an
# image and its scrambled patches. The remedy is to add something to each token that tells its position:
#
# $$p_{t,\,2i} = \sin(t\, \omega_i), \qquad p_{t,\,2i+1} = \cos(t\, \omega_i), \qquad
# \omega_i = 10000^{-2i/d} \tag{10.4}$$

# %%
WIDTH, LENGTH = 32, 24
block = transformer.Block(n_heads=4)
sequence = drawn[1, :, :LENGTH, :WIDTH]
params = drawing.init(block, sequence, key=for_weights)
shuffled = jax.random.permutation(for_training, LENGTH)
encoding = positions.sinusoidal(jnp.arange(LENGTH), width=WIDTH)


def change(x, added):
    """How far a shuffled input is from giving shuffled outputs."""
    straight = block.apply(params, x + added)[:, shuffled]
    return float(jnp.abs(block.apply(params, x[:, shuffled] + added) - straight).max())


without, with_positions = change(sequence, 0.0), change(sequence, encoding)
print(f"shuffling changes the outputs by {without:.1e} without positions, by {with_positions:.2f} with them")

# %% tags=["fig-positions"]
plots.positions(encoding, encoding @ encoding.T)

# %% [markdown]
# *What to see.* Slow and fast waves together mark each position, like the hands of a clock. The scalar product of two
# rows (right) depends on their distance only, and it is largest on the diagonal.
#
# *Exercise 10.4*: sinusoidal positions.
#
# ## Rotary positions
#
# Newer models do not add anything. They **turn** queries and keys, pair of features by pair of features, by an angle
# proportional to the position $t$:
#
# $$R_t = \begin{pmatrix} \cos t\omega & -\sin t\omega \\ \sin t\omega & \cos t\omega \end{pmatrix}, \qquad
# (R_s q) \cdot (R_t k) = q \cdot (R_{t-s}\, k) \tag{10.5}$$
#
# Only the distance counts, by construction:

# %%
one, other = drawn[0, 0, :1, :16], drawn[1, 0, :1, :16]
scores = [
    float((positions.rotate(one, jnp.array([s])) @ positions.rotate(other, jnp.array([s + 3])).T)[0, 0])
    for s in (0, 10, 500)
]
print("distance 3, at positions 0, 10 and 500:", ", ".join(f"{score:.4f}" for score in scores))

# %% [markdown]
# *Exercise 10.5*: rotary positions.
#
# ## Normalization and the residual stream
#
# A transformer **block** adds twice to its input: what attention gathers from other tokens, and what a small dense
# network makes of each token. Before each of them, every token is normalized to mean 0 and variance 1:
#
# $$x \leftarrow x + \mathrm{MHA}(\mathrm{LN}(x)), \qquad x \leftarrow x + \mathrm{MLP}(\mathrm{LN}(x)) \tag{10.6}$$
#
# The sum is a stream that runs through all layers, and gradients flow back along it undamped. Normalization has a trap.
# Many libraries compute the variance as $\overline{x^2} - \bar x^2$, which loses all digits if the mean is large:

# %%
far = 3000 + drawn[0, 0, :1, :64]
quick = jnp.sqrt(jnp.mean(far**2, axis=-1) - jnp.mean(far, axis=-1) ** 2)[0]
spread = norms.layer_norm(far).std()
print(
    f"standard deviation at a mean of 3000: {float(far.std()):.3f}; from the difference of squares {float(quick):.3f};"
    f" after layer_norm {float(spread):.3f}"
)

# %% [markdown]
# *Exercises 10.7 and 10.8*: normalization, and the whole block.
#
# ## Images as patches
#
# A **vision transformer** (ViT) cuts an image into patches, and each patch becomes a token: a dense layer, plus a
# learned vector for its position. Then blocks follow, and a mean over all tokens for the classifier. Nothing tells the
# network that neighboring patches belong together. It must learn this from data.
#
# *Exercise 10.6*: patches.
#
# ## A tiny vision transformer
#
# We train it against a convolutional network (Unit 4) on simulated handwritten digits of 8x8 pixels. Both get 1000
# images at first, then 20000, and always as many steps:


# %%
PATCH, SIDE = 2, 4


class ViT(nn.Module):
    """Sixteen patches of 2x2 pixels, two blocks, and a mean over all tokens."""

    width: int = 32

    @nn.compact
    def __call__(self, images):
        patches = images.reshape(-1, SIDE, PATCH, SIDE, PATCH).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE**2, PATCH**2)
        place = self.param("positions", nn.initializers.normal(0.02), (SIDE**2, self.width))
        x = nn.Dense(self.width, name="embed")(patches) + place
        x = transformer.Encoder(n_layers=2, n_heads=4, hidden=2 * self.width, name="encoder")(x)
        return nn.Dense(10, name="classify")(x.mean(axis=1))


class CNN(nn.Module):
    """Two convolutions, each with pooling."""

    channels: int = 24

    @nn.compact
    def __call__(self, images):
        x = images[..., None]
        for factor in (1, 2):
            x = nn.max_pool(nn.gelu(nn.Conv(factor * self.channels, (3, 3))(x)), (2, 2), (2, 2))
        return nn.Dense(10)(x.reshape(len(x), -1))


def recipe(network, n_steps):
    """How a network is trained: minibatches of AdamW."""

    def loss(params, batch, key):
        seen, truth = batch
        return optax.softmax_cross_entropy_with_integer_labels(network.apply(params, seen), truth).mean()

    optimizer = optax.adamw(optax.cosine_decay_schedule(2e-3, n_steps), weight_decay=1e-2)
    return loop.Options(loss, optimizer, n_steps, batch_size=64)


COUNTS, STEPS = (1000, 20_000), 700
written = digits.simulate(key=for_digits, n_samples=COUNTS[-1], distortion=1.5)
unseen = digits.simulate(key=for_test, n_samples=2000, distortion=1.5)
networks, accuracy, learned = {"CNN": CNN(), "ViT": ViT()}, {}, {}
for name, network in networks.items():
    accuracy[name], options = [], recipe(network, STEPS)
    init = jax.jit(network.init)(for_weights, written.images[:1])
    for count in COUNTS:
        rows = np.arange(COUNTS[-1]) % count  # repeated, so that both sizes share one compiled program
        data = written.images[rows], written.labels[rows]
        learned[name] = loop.fit(data, key=for_training, options=options, init=init).params
        guess = jax.jit(network.apply)(learned[name], unseen.images).argmax(axis=-1)
        accuracy[name].append(float((guess == unseen.labels).mean()))
    size = sum(leaf.size for leaf in jax.tree.leaves(learned[name]))
    print(
        f"{name}: {size} parameters; accuracy "
        + ", ".join(f"{a:.3f} with {n}" for a, n in zip(accuracy[name], COUNTS, strict=True))
    )

# %% tags=["fig-images"]
plots.accuracy_over_images(COUNTS, accuracy)

# %% [markdown]
# *What to see.* With few images the convolution wins clearly: it knows beforehand that neighbors matter and that a
# stroke is a stroke wherever it is. The transformer has to learn both. With twenty times as many images, most of the
# gap closes, but the convolution stays ahead. Transformers overtake it with tens to hundreds of millions of images
# (Dosovitskiy et al., 2021).
#
# > **Materials view.** Most data sets of micrographs are small. Take a convolution, or a transformer that others have
# > trained on millions of images.
#
# ## What attention looks at
#
# The weights of the last block tell which patches a token listened to. Here is the mean over all tokens and heads:

# %%
SHOWN = 8
last = networks["ViT"].apply(learned["ViT"], unseen.images[:SHOWN], mutable=["intermediates"])[1]["intermediates"]
maps = np.asarray(last["encoder"]["block_1"]["attention"]["weights"][0]).mean(axis=(1, 2)).reshape(-1, SIDE, SIDE)

# %% tags=["fig-attention"]
plots.maps_on_images(unseen.images[:SHOWN], maps, titles=[str(int(label)) for label in unseen.labels[:SHOWN]])

# %% [markdown]
# *What to see.* The map is not uniform, and it differs from digit to digit. But it is no explanation: attention tells
# where values were taken from, not what was made of them. Unit 14 has better tools.
#
# ## A language model of formulas
#
# Can a network learn chemistry from formulas alone? Our formulas are rows of tokens, `Al 2 O 3`. All of them are
# neutral: the charges of the metals cancel those of the nonmetal. The network is a **causal** transformer (GPT). At
# each place it predicts the next token, and it is never told what a charge is. Token 0 begins a formula, and ends it.
# The loss is a mean over all n tokens that are predicted:
#
# $$\mathcal L = -\frac1n \sum_t \ln P(x_{t+1} \,|\, x_1, \dots, x_t) \tag{10.7}$$


# %%
class GPT(nn.Module):
    """A causal transformer over the tokens of a formula."""

    width: int = 48

    @nn.compact
    def __call__(self, tokens):
        place = self.param("positions", nn.initializers.normal(0.02), (formulas.LENGTH, self.width))
        x = nn.Embed(len(formulas.VOCABULARY), self.width, name="embed")(tokens) + place[: tokens.shape[1]]
        x = transformer.Encoder(n_layers=2, n_heads=4, causal=True, name="encoder")(x)
        return nn.Dense(len(formulas.VOCABULARY), name="next")(x)


gpt = GPT()
known = formulas.simulate(key=for_formulas, n_samples=8000).tokens
shifted = jnp.pad(known, ((0, 0), (1, 0)))[:, :-1]  # token 0 begins a formula, too


def next_token_loss(params, batch, key):
    """Mean cross-entropy, in nats per token, up to the end of each formula."""
    before, after = batch
    nats = optax.softmax_cross_entropy_with_integer_labels(gpt.apply(params, before), after)
    counts = jnp.pad(after[:, :-1] != 0, ((0, 0), (1, 0)), constant_values=True)  # the first 0 counts, too
    return jnp.sum(nats * counts) / jnp.sum(counts)


GPT_STEPS = 1000
options = loop.Options(next_token_loss, optax.adamw(optax.cosine_decay_schedule(3e-3, GPT_STEPS)), GPT_STEPS, 128)
run = loop.fit((shifted, known), key=for_training, options=options, init=jax.jit(gpt.init)(for_weights, known[:1]))


@partial(jax.jit, static_argnames="n_samples")
def write(params, *, key, n_samples):
    """Draw one token after the other."""

    def advance(tokens, step):
        place, key = step
        logits = gpt.apply(params, tokens[:, :-1])[:, place]
        drawn = jax.random.categorical(key, logits)
        ended = (place > 0) & (tokens[:, place] == 0)
        return tokens.at[:, place + 1].set(jnp.where(ended, 0, drawn)), None

    begin = jnp.zeros((n_samples, formulas.LENGTH + 1), int)
    steps = jnp.arange(formulas.LENGTH), jax.random.split(key, formulas.LENGTH)
    return jax.lax.scan(advance, begin, steps)[0][:, 1:]


invented = [formulas.text(row) for row in np.asarray(write(run.params, key=for_sampling, n_samples=500))]
taught = {formulas.text(row) for row in np.asarray(known)}
neutral = np.array([formulas.is_neutral(formula) for formula in invented])
new = np.array([formula not in taught for formula in invented])
print("invented (* not neutral):", ", ".join(f + "*" * (not ok) for f, ok in zip(invented[:8], neutral, strict=False)))
print(
    f"cross-entropy {run.history[-100:].mean():.2f} nats per token; by guessing {np.log(len(formulas.VOCABULARY)):.2f}"
)
print(f"neutral: {neutral.mean():.2f} of all, {neutral[new].mean():.2f} of the {new.sum()} that were not taught")

# %% tags=["fig-language"]
curves.histories({"GPT": run.history}, y_label="cross-entropy (nats per token)")

# %% [markdown]
# How good is that? The network may just write plausible rows of symbols. As a baseline we shuffle the last number among
# its own formulas: what remains is neutral by chance.

# %%
rng = np.random.default_rng(10)
cut = [formula.rstrip("0123456789") for formula in invented]
ends = [formula[len(start) :] for formula, start in zip(invented, cut, strict=True)]
by_chance = np.mean([formulas.is_neutral(start + end) for start, end in zip(cut, rng.permutation(ends), strict=True)])
print(f"neutral with another formula's last number: {by_chance:.2f}")

# %% [markdown]
# *What to see.* The last number is right far more often than by chance. To write it, the network must add up charges
# that it has never seen. Whether such a compound is stable is another question, and the network cannot answer it.
#
# Where does it look before it writes the last number? Here is `Na3ScO`, after which 3 has to follow:

# %%
STARTED = ("Na", "3", "Sc", "O")
row = jnp.array([[0, *(formulas.VOCABULARY.index(token) for token in STARTED)]])
sown = gpt.apply(run.params, row, mutable=["intermediates"])[1]["intermediates"]
looks = np.asarray(sown["encoder"]["block_1"]["attention"]["weights"][0][0])

# %% tags=["fig-formula"]
plots.weights({f"head {number}": table for number, table in enumerate(looks, 1)}, queries=["start", *STARTED])

# %% [markdown]
# *What to see.* The last row belongs to oxygen, at which the number of oxygen atoms is predicted. The heads differ: one
# of them looks at the number of sodium atoms, one mostly at scandium, two at oxygen itself.
#
# ## Pretrained models
#
# Some models are trained once, at great cost, and then used by everybody:
#
# | model | reads | learns to |
# | --- | --- | --- |
# | GPT | text | predict the next token |
# | BERT | text | restore hidden tokens |
# | ViT | images | name what is shown |
# | DINO | images | give two views of one image the same vector |
# | CLIP | images and their captions | tell which belong together |
#
# **Freeze** the network, take its last vectors as features, and train a small head on top. Unit 9's linear probe is
# such a head.
#
# MiniLM is a small BERT that was trained to give sentences with the same meaning nearly the same vector. Its parameters
# are read from the file in which they are published into the modules of this unit. `mfml data install minilm` installs
# it.

# %%
SENTENCES = (
    "Alumina is a hard ceramic.",
    "Al2O3 is brittle and does not melt easily.",
    "Brass is an alloy of copper and zinc.",
    "Bronze contains copper and tin.",
    "The steel was quenched in water.",
    "Rapid cooling makes martensite.",
)
alike = None
if minilm.is_installed():
    files, card = minilm.load()
    model = pretrained.load(files.weights, config=files.config)
    tokenizer = wordpiece.read(files.vocabulary)
    vectors = sentences.embed(model, tokenizer, SENTENCES)
    alike = np.asarray(vectors @ vectors.T)
    print(f"{card.name}: vectors of {vectors.shape[1]} numbers")
else:
    print("MiniLM is not installed: the figure below has no numbers")

# %% tags=["fig-sentences"]
shown = np.full((len(SENTENCES),) * 2, np.nan) if alike is None else alike
plots.similarities(shown, SENTENCES, title="" if alike is not None else "MiniLM is not installed")

# %% [markdown]
# *What to see*, where the model is installed: the partner of each sentence is the most similar one. Alumina and Al2O3
# have no word in common but "is"; quenching and martensite have none. Nobody told the model what a ceramic is; it has
# read about it.
#
# Such vectors are features for small data sets. Here are 24 descriptions of metals, alloys and parts made of them, each
# about one of four topics. Apart from little words, hardly any word occurs twice within a topic. Is the nearest
# neighbor about the same topic? And does a linear probe, trained on five descriptions per topic, recognize the topic of
# the sixth? For comparison, we do the same with counts of words.

# %%
TOPICS = {
    "corrosion": (
        "This brass resists sea water.",
        "Rust spreads on unprotected steel.",
        "The propeller bronze survives years in salt spray.",
        "Chromium keeps the sheet stainless.",
        "Zinc is attacked first and so protects the iron.",
        "Pits appear where chlorides break the oxide film.",
    ),
    "strength": (
        "Cold work doubles the yield stress of the wire.",
        "Fine grains make the alloy harder.",
        "Precipitates hold dislocations back.",
        "The bolt carries a heavy load without deforming.",
        "Martensite is as hard as a file.",
        "Aging for ten hours brings the peak in hardness.",
    ),
    "electricity": (
        "Pure copper carries current with little loss.",
        "Silver contacts conduct best of all.",
        "Dissolved tin raises the resistivity.",
        "Busbars need a high conductivity.",
        "Aluminum cables hang between the pylons of the power grid.",
        "Electrons are scattered by impurities in the wire.",
    ),
    "heat": (
        "Solder melts below two hundred degrees.",
        "Tungsten stays solid in a glowing lamp.",
        "The turbine blade works close to its melting point.",
        "Invar hardly expands when it gets warm.",
        "The heat sink cools the processor.",
        "Casting begins above the liquidus temperature.",
    ),
}
descriptions, topic = sum(TOPICS.values(), ()), np.repeat(np.arange(4), 6)


def neighbors(x):
    """Place of the most similar other description, by the cosine."""
    length = jnp.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(jnp.argmax((x / length) @ (x / length).T - 2 * jnp.eye(len(x)), axis=1))


def recognized(x):
    """Share of topics that a probe recognizes in descriptions that it was not trained on."""
    right = []
    for place in range(6):
        held_out = np.arange(len(x)) % 6 == place
        fitted = probe.fit(x[~held_out], topic[~held_out], n_classes=4, C=10.0)
        right.append(float(probe.score(fitted, x[held_out], topic[held_out])))
    return float(np.mean(right))


told = {}
if minilm.is_installed():
    ids = wordpiece.encode(tokenizer, descriptions).ids
    words = np.setdiff1d(ids, [tokenizer.ids[token] for token in wordpiece.SPECIAL])
    counts = jnp.asarray((ids[:, :, None] == words).sum(axis=1), float)
    by_kind = {"MiniLM": sentences.embed(model, tokenizer, descriptions), "counts of words": counts}
    for name, x in by_kind.items():
        told[name] = float(np.mean(topic[neighbors(x)] == topic)), recognized(x)
        print(f"{name:15s} neighbor of the same topic {told[name][0]:.2f}, probe {told[name][1]:.2f}")
    print(f"{'by chance':15s} neighbor of the same topic {5 / 23:.2f}, probe {1 / 4:.2f}")
    nearest = neighbors(by_kind["MiniLM"])
    for place in (1, 12, 18):
        print(f"  {descriptions[place]!r} is nearest to {descriptions[nearest[place]]!r}")

# %% [markdown]
# *What to see*, where the model is installed: with so few examples, counts of words do no better than chance. The
# vectors bring along what words mean, and are right for about three of four.
#
# ## What to take home
#
# 1. Attention is a mean of values. The weights come from how well queries and keys fit.
# 2. It knows no order. Positions have to be added, or queries and keys turned.
# 3. A block is attention, a dense network, normalization, and two sums.
# 4. Few data: take a convolution, or a pretrained transformer. Millions of images: take a transformer.
#
# **Now you**: [the exercises](../exercises/unit10.py), then `nox -s grade -- 10`. To read on: Vaswani et al. (2017);
# Dosovitskiy et al. (2021); Su et al. (2024), on rotary positions.

# %% tags=["hide-input"]
# What this lesson claims, checked.
if alike is not None:
    pairs = [alike[i, i + 1] for i in (0, 2, 4)]
    assert min(pairs) > np.mean(alike[np.triu_indices(len(SENTENCES), 2)])
    assert min(told["MiniLM"]) > 0.6 > 0.4 > max(told["counts of words"])
assert faded["RNN"][20] < 0.1 * faded["LSTM"][20] < 0.1
assert max(largest["with the root"]) < 0.15 < 0.5 < largest["without"][-1]
metals, others = [TOKENS.index(t) for t in ("Li", "Be")], [TOKENS.index(t) for t in ("O", "F")]
for name, ends in (("opposites attract", others), ("like attracts like", metals)):
    assert heads[name][np.ix_(metals, ends)].sum(axis=1).min() > 0.7
assert heads["opposites attract"][TOKENS.index("P")].max() < 0.5
assert without < 1e-5 < 1e-2 < with_positions
assert max(scores) - min(scores) < 1e-3
assert abs(float(spread) - 1) < 1e-3
assert accuracy["CNN"][0] > accuracy["ViT"][0] + 0.05
assert accuracy["CNN"][1] - accuracy["ViT"][1] < 0.5 * (accuracy["CNN"][0] - accuracy["ViT"][0])
assert maps.std() > 0.005
assert neutral.mean() > 2 * by_chance
assert np.abs(looks[:, -1] - looks[:, -1].mean(axis=0)).sum(axis=1).max() > 0.5  # heads differ
