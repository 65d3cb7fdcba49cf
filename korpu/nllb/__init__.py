"""What a model of the M2M100/NLLB family is: its tokens, and how it is loaded."""
