"""How far two clocks are apart is told only as far as it can be known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.doctor.clocks import ERROR_SECONDS, WARN_SECONDS, clock_finding

seconds = st.floats(0, 100)


@given(st.floats(-1000, 1000), seconds, seconds)
def test_the_time_of_the_answer_itself_is_no_skew(skew: float, out: float, back: float) -> None:
    before = 1_000_000.0
    finding = clock_finding("X", before + out + skew, before, before + out + back)
    if abs(skew) < WARN_SECONDS:
        assert finding.severity == "ok"
    if finding.severity != "ok":
        assert ("ahead of" in finding.title) is (skew > 0)
    if out == back == 0:
        far = "error" if abs(skew) >= ERROR_SECONDS else "warning" if abs(skew) >= WARN_SECONDS else "ok"
        # The sum of two floats may be off by a bit at the very limit.
        assert finding.severity == far or min(abs(abs(skew) - limit) for limit in (WARN_SECONDS, ERROR_SECONDS)) < 1e-6
