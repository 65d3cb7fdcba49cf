"""The hall of korpu: the front door, the recipe's schema, and what a stage leaves behind."""

__version__ = "0.1.0"
