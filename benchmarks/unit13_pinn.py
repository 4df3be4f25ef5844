"""Unit 13 against PyTorch: steps of training a physics-informed network on Burgers' equation with Adam.

Both sides have the same network at the same start, the same points, and the same loss: the equation in the box.
Initial and boundary values are met by the form of the output. A call is `STEPS` steps; the loss is that after the last.

How accurate whole trainings are, in double precision, and what they take, `python -m benchmarks.unit13_pinn NAME` says
for each of `ACCURACIES`.
"""

import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.physics import inverse, pinn, pinn_networks, pinn_terms, pinn_training, problems, transport

STEPS, RATE = 20, 1e-3


def burgers(n: int, hidden: tuple[int, ...]) -> Pair:
    import torch

    problem = transport.burgers()
    network = pinn_networks.init(key=jax.random.key(0), low=problem.low, high=problem.high, hidden=hidden)

    def assemble(layers):
        return network._replace(layers=layers), problem

    asked = pinn_terms.asked(assemble, problem, key=jax.random.key(1), n_points=n)
    share = np.array(asked.rows[0])
    plan = pinn_training.Plan(solver="adam", max_iter=STEPS)

    @jax.jit
    def train(layers, rows):
        weights = jnp.ones(1)
        found = pinn_training.train(
            layers, asked.terms[:1], rows, key=jax.random.key(2), weights=weights, plan=plan, learning_rate=RATE
        )
        return found.history

    def ours():
        return train(network.layers, asked.rows[:1])

    low, high, viscosity = (np.array(part) for part in (problem.low, problem.high, problem.params["viscosity"]))
    points = torch.tensor(low + (high - low) * share)

    def theirs():
        layers = [[torch.tensor(np.array(part), requires_grad=True) for part in layer] for layer in network.layers]
        center, linear = (torch.tensor(np.array(part)) for part in (network.center, network.linear))
        adam = torch.optim.Adam([part for layer in layers for part in layer], lr=RATE)

        def loss():
            x = points.clone().requires_grad_()
            h = (x - center) @ linear.T
            for weight, bias in layers[:-1]:
                h = torch.tanh(h @ weight + bias)
            z = (h @ layers[-1][0] + layers[-1][1])[:, 0]
            u = -torch.sin(np.pi * x[:, 0]) + x[:, 1] * (1 - x[:, 0] ** 2) * z
            first = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
            second = torch.autograd.grad(first[:, 0].sum(), x, create_graph=True)[0][:, 0]
            return ((first[:, 1] + u * first[:, 0] - float(viscosity) * second) ** 2).mean()

        for _ in range(STEPS):
            adam.zero_grad()
            loss().backward()
            adam.step()
        return loss().item()

    return Pair(ours, theirs, lambda history: float(history[-1]), float, slack=0.02)


ROWS = [
    Row(
        f"13.pinn Burgers, 2-20-20-20-1, 2048 points, {STEPS} steps",
        "torch autograd, Adam",
        partial(burgers, 2048, (20, 20, 20)),
        note="loss: the equation's mean square after the last step, from one start",
    ),
]


def rod(diffusivity):
    """Steel of 10 cm for 100 s; its temperature begins with two waves."""
    return transport.heat(diffusivity=diffusivity, length=0.1, duration=100.0, amplitudes=[80.0, 20.0])


def solved(problem, **options) -> str:
    """Relative error in L2 on a regular grid of 101 by 101 points."""
    model = pinn.fit(problem, key=jax.random.key(0), hard=True, **options)
    return f"relative error {pinn.error(model, problems.grid(problem, 101)):.1e}"


def recovered() -> str:
    """A diffusivity from 64 temperatures with noise of 0.4 K, beginning at twice its value."""
    truth = 1e-5
    x = problems.grid(rod(truth), 8)
    y = problems.exact(rod(truth), x) + 0.4 * jax.random.normal(jax.random.key(1), (64,))
    found = inverse.fit_pinn(rod, x, y, key=jax.random.key(0), init=2 * truth, hard=True)
    bounds = inverse.interval(found)
    inside = bool(bounds.low <= truth <= bounds.high)
    off, scale = found.params / truth - 1, found.scale / truth
    return f"off by {off:.2%}, standard deviation {scale:.2%}, truth in the interval of 95 %: {inside}"


BURGERS = {"hidden": (20, 20, 20), "n_points": 2048, "n_adam": 1000, "adaptive": True, "refresh": 50, "max_iter": 200}
ACCURACIES = {
    "burgers": lambda: solved(transport.burgers(), **BURGERS),
    "heat": lambda: solved(rod(1e-5), hidden=(16, 16), n_points=256, max_iter=100),
    "diffusivity": recovered,
}


def main() -> None:
    """Print the accuracy of one training, and the time with compilation."""
    start = time.perf_counter(), time.process_time()
    with jax.enable_x64(True):
        answer = ACCURACIES[sys.argv[1]]()
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    print(f"{sys.argv[1]}: {answer}; {wall:.0f} s, of CPU {cpu:.0f} s")


if __name__ == "__main__":
    main()
