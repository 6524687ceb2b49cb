"""The operator command line, one noun per file."""
