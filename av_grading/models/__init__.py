"""Graders: two streams with bilinear pooling, and the one-stream baseline."""
