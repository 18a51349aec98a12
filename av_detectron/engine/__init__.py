"""Training: the trainer, its hooks, the average of the weights, the curves of a run."""
