"""What is no HTTP that can be read does not reach the app: it is refused here, by a problem document like all else."""

from typing import TYPE_CHECKING

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sessiongraph.server.problems import problem

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HTTPProtocol
else:
    HTTPProtocol = AutoHTTPProtocol  # whichever is installed


class ProblemProtocol(HTTPProtocol):
    def send_400_response(self, msg: str) -> None:
        """Say so, and hang up. Nothing of what was sent is said back."""
        answer = problem(400, "This is no HTTP request that can be read.")
        head = b"".join(b"%s: %s\r\n" % header for header in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n%sconnection: close\r\n\r\n%s" % (head, bytes(answer.body)))
        self.transport.close()
