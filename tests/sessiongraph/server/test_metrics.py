"""Figures for Prometheus: by route, without what callers sent, and only for who may ask."""

from tests.sessiongraph.server.conftest import Service


def test_requests_are_counted_by_route_and_say_nothing_of_callers(service: Service):
    key = service.key_of("zephyrine")
    with service.http(key) as http:
        http.get("/v1/sessions/private-session/turns")
        http.get("/v1/sessions/other-session/turns")
        http.get("/v1/nothing/private-path")
        shown = http.get("/metrics")
        assert shown.headers["content-type"].startswith("text/plain")
    counted = 'sessiongraph_requests_total{method="GET",route="/v1/sessions/{session_id}/turns",status="200"} 2.0'
    assert counted in shown.text and 'route="none",status="404"} 1.0' in shown.text
    assert not any(word in shown.text for word in ("private", "zephyrine", key))
    assert "sessiongraph_request_seconds_bucket" in shown.text
    with service.http() as http:
        assert http.get("/metrics").status_code == 401
