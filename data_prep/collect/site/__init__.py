"""A news site: what it permits, what it names, what was fetched of it, and where that lies."""
