"""``trackerctl doctor``: looks at an installation from all sides and says what to do about what it finds.

Nothing is changed, no event is sent. Each area has a file and gives a list of `report.Finding`; `service` runs all of
them at once, each with a time limit of its own.
"""
