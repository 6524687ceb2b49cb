"""Daily figures by client, form and source, recomputed from the raw documents (docs/analytics.md)."""
