"""The rules of ``filter``, a module for each that is more than an expression over columns."""
