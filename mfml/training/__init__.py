"""Training of every neural model: minibatches of any optax optimizer, compiled into one scan.

- `loop`: `fit` in one compiled call; `train` chunk by chunk, with validation, early stopping and a bar
- `batches`: the order of the samples
- `averaging`: the mean of the parameters over the last steps
- `checkpoint`: saves and loads the state of a run
- `resuming`: whether a state fits the run that goes on from it
- `progress_bar`: how far a long run is
"""
