"""What the browser SDK costs a page, measured in a real Chromium: see `bench.sdk.__main__`."""
