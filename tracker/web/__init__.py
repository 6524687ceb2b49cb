"""HTTP controllers only: each parses, calls one function elsewhere and answers."""
