"""All the rest of the world, as a server on this machine that counts what it is asked for."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Elsewhere:
    """A server on a port of its own: a hostile page, or a proxy for all that leaves the machine.

    ``requests`` has the first line of each request, in order.
    """

    def __init__(self, page=""):
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self.requests, page))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answering(requests, page):
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            requests.append(self.requestline)
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        do_GET = do_POST = do_HEAD = do_PUT = do_OPTIONS = do_CONNECT = answer

        def log_message(self, *_):
            pass

    return Handler
