"""A page and an HTTP service for trying a bundle; not a platform."""
