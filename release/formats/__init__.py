"""Document formats: what in them is text to translate, and everything else byte for byte."""
