"""TLS connections; imported only when an address asks for them, because ``ssl`` is slow to load."""

import os
import socket
import ssl

from berth.client.errors import ConnectionFailed

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.client.endpoint import Endpoint, TlsFiles


class _TlsSocket(ssl.SSLSocket):
    def shutdown_write(self) -> None:
        """Close the sending direction of the stream under TLS and leave the receiving one open."""
        socket.socket.shutdown(self, socket.SHUT_WR)

    def send_some(self, data: "bytes | memoryview") -> int:
        """Send what fits without waiting; 0 when nothing does."""
        self.settimeout(0)
        try:
            return self.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        finally:
            self.settimeout(None)


def _context(files: "TlsFiles") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TlsSocket
    if files.verify:
        if files.ca:
            context.load_verify_locations(files.ca)
        else:
            context.load_default_certs()
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if files.cert:
        context.load_cert_chain(files.cert, files.key or None)
    return context


def open_tls(endpoint: "Endpoint", files: "TlsFiles") -> socket.socket:
    """Connect and shake hands; ConnectionFailed with the cause when the daemon is not trusted."""
    for name in (files.ca, files.cert, files.key):
        if name and not os.path.exists(name):
            problem = f"unable to resolve docker endpoint: open {name}: no such file or directory"
            raise ConnectionFailed(f"Failed to initialize: {problem}")
    try:
        context = _context(files)
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(name for name in (files.ca, files.cert, files.key) if name)
        reason = error.strerror or error
        raise ConnectionFailed(f"unable to resolve docker endpoint: {names}: {reason}") from None
    plain = socket.create_connection((endpoint.host, endpoint.port))
    try:
        return context.wrap_socket(plain, server_hostname=files.server_name or endpoint.host)
    except ssl.SSLError as error:
        plain.close()
        reason = error.reason or error
        raise ConnectionFailed(f"error during connect: {endpoint.url}: tls: {reason}") from None
