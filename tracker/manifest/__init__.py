"""The configuration as a file: what it looks like, how it is written, compared and applied."""
