"""Text as pure functions: normalize, transliterate, identify, segment.

Importing this package loads nothing: each function lives in its own module, and detectors are
loaded at the first call that needs them.
"""
