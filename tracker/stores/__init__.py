"""The three stores: relational configuration, documents, Redis; and their embedded stand-ins."""
