"""The learners of the thesis that this project starts from, to compare with.

"Finding the Needle in the Pre-Trained Model Zoo" (TU Delft) and its ICDE paper: one homogeneous
graph of models and datasets, an embedding of 128 dimensions learned from it (Node2Vec, Node2Vec+,
GraphSAGE, GAT), and a regression (linear, random forest, XGBoost) from embeddings, metadata and the
distance of the source dataset to the accuracy, scaled to [0, 1] within a dataset. ``metadata-lr``
is the linear regression on metadata alone that it compares with (its "Amazon LR"). All but that one
are transductive: target and models must be in the training graph. What is assumed where the thesis
is silent stands in ``docs/thesis.md``.
"""

from learn.thesis.learner import FittedThesis, Thesis

__all__ = ["FittedThesis", "Thesis"]
