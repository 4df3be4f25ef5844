"""What XLA's compiler must be told. Importing this package, or `flags`, loads no JAX.

- `flags`: settings for processes that compile much and compute little
- `rewrite`: convolutions in the form that compiled loops need, arrays that stay in memory
- `convolution`: correlations of images that use all cores
"""
