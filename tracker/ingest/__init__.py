"""Browser to queue: reads, admits and commits batches of events."""
