from collections.abc import Iterator

import pytest

from tests.browser.sdk_host import SdkHost


@pytest.fixture
def host() -> Iterator[SdkHost]:
    """Whatever a test does: no request of the SDK may cost a preflight, and all go to one address as text."""
    host = SdkHost()
    yield host
    host.close()
    assert {request.method for request in host.requests} <= {"POST"}
    assert {(post.path, post.content_type) for post in host.posts} <= {
        (host.ingest_path, "text/plain;charset=UTF-8"),
    }
