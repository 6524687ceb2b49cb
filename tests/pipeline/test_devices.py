"""What user agents say."""

from __future__ import annotations

import pytest

from tracker.pipeline.devices import device_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device", "browser", "system"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36",
         "desktop", "Chrome", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "desktop", "Firefox", "Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
         "Mobile/15E148 Safari/604.1", "mobile", "Mobile Safari", "iOS"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
         "Mobile/15E148 Safari/604.1", "tablet", "Mobile Safari", "iOS"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36",
         "mobile", "Chrome Mobile", "Android"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X710) {WEBKIT} Chrome/120.0.0.0 Safari/537.36",
         "tablet", "Chrome", "Android"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "Googlebot", None),
        ("nonsense", None, None, None),
        ("", None, None, None),
    ],
)  # fmt: skip
def test_a_device_is_told(user_agent: str, device: str | None, browser: str | None, system: str | None) -> None:
    assert device_of(user_agent) == (device, browser, system)
