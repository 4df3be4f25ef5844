# %% [markdown]
# # Unit 10. Attention: which parts of the input belong together?

# %% [markdown]
# ## Attention as a soft dictionary

# %% [markdown]
# ## One head by hand

# %% [markdown]
# ## Masks

# %% [markdown]
# ## Several heads

# %% [markdown]
# ## Order needs positions

# %% [markdown]
# ## Rotary positions

# %% [markdown]
# ## Normalization and the residual stream

# %% [markdown]
# ## Images as patches

# %% [markdown]
# ## A tiny vision transformer

# %% [markdown]
# ## What attention looks at

# %% [markdown]
# ## A language model of formulas

# %% [markdown]
# ## Pretrained models

# %% [markdown]
# ## What to take home
