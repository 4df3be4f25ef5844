"""Lets programs share what JAX sets up for each one before it compiles: a fifth of the suite's time.

JAX makes a context of MLIR for every program, small as it may be. Some hundred programs share one here, and then the
next begins, since a context grows.
"""

import threading

from jax._src.interpreters import mlir

SHARED_BY = 200


def share(make):
    """Return a function that calls `make` for every 200th program of a thread only."""
    own = threading.local()

    def context():
        own.programs = getattr(own, "programs", 0) + 1
        if own.programs % SHARED_BY == 1:
            own.context = make()
        return own.context

    return context


if hasattr(mlir, "make_ir_context"):  # private to JAX: without it the suite is slower, and as good
    mlir.make_ir_context = share(mlir.make_ir_context)
