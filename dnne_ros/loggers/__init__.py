"""Where the figures of training go: TensorBoard, MLflow, Weights & Biases, and what others add."""
