"""How the files of pretrained models are laid out, one module for each family. `pretrained` is what users call.

- `tensors`: how tensors on disk become the parameters of a module
- `vit`, `clip`, `text`: the names of ViT and DINOv2, of CLIP, and of BERT and GPT-2
"""
