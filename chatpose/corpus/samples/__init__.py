"""Training samples of the embedded model: texts with plans, coarse tokens and entries nearby."""
