"""Who may manage what: tokens and their scopes."""
