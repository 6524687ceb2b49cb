"""Attacks that no single module stops; `defences.toml` names the test of each defence of docs/security.md."""
