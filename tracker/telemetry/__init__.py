"""Logs, and what else tells how the service fares."""
