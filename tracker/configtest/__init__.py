"""What ``/config-test`` finds out: whether a key, an origin, the script, the configuration and a page fit together."""
