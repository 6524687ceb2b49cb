"""What an operator may write in a mapping: where a value comes from, and what is done to it on the way. Pure.

It stands below the configuration, which checks both when they are written; `tracker.crm` runs them.
"""
