"""Queue to documents: the steps that turn an event into what is stored."""
