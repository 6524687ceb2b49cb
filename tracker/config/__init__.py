"""What operators configure: clients, forms, fields, mappings and keys."""
