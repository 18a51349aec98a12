"""What is done with one photograph, step by step, and the pipeline of them."""
