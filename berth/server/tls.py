"""TLS whose two directions end separately.

asyncio's own TLS transport drops the connection when the client closes its sending half, which Docker's
clients do after the last byte of stdin. Here a memory BIO stands between the socket and the connection:
close_notify from the client is end of file, ``write_eof`` sends ours, and the other direction goes on
(RFC 8446 6.1; OpenSSL 1.1.1 and later allow it).
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

_READ_SIZE = 64 << 10
_HIGH_WATER = 256 << 10
_HANDSHAKE_S = 30.0


def server_context(
    certificate: str, key: str, authority: str | None = None, *, verify: bool = False
) -> ssl.SSLContext:
    """A context for the daemon's ``--tls*`` flags; with ``verify`` clients need a certificate of
    ``authority``. TLS 1.2 at least, as dockerd. ssl.SSLError or OSError when a file is unfit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if verify:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority)
    return context


class TlsLayer(asyncio.Protocol):
    """A protocol to the socket below, a ``Wire`` to the protocol above."""

    def __init__(self, context: ssl.SSLContext, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._transport: asyncio.Transport
        self._established = False
        self._inner_eof = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None

    # What the socket's transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._timer = asyncio.get_running_loop().call_later(_HANDSHAKE_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            if not self._established and not self._handshake():
                return
            self._deliver()
        except ssl.SSLError:
            self._flush()  # the alert, if there is one
            self._transport.close()

    def eof_received(self) -> bool:
        """The client closed without close_notify; in HTTP every length is known, so this is plain EOF."""
        self._incoming.write_eof()
        if self._established and not self._inner_eof:
            self._end_of_file()
        return self._established

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._established:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _handshake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        self._flush()
        self._established = True
        if self._timer is not None:
            self._timer.cancel()
        self._inner.connection_made(self)  # type: ignore[arg-type]  # it is used as a Wire
        return True

    def _deliver(self) -> None:
        """Hand everything that can be decrypted to the protocol above."""
        while not self._inner_eof:
            try:
                data = self._tls.read(_READ_SIZE)
            except ssl.SSLWantReadError:
                break
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                data = b""
            if not data:
                self._end_of_file()
                break
            self._inner.data_received(data)
        self._flush()

    def _end_of_file(self) -> None:
        self._inner_eof = True
        if not self._inner.eof_received():
            self.close()

    def _flush(self) -> None:
        if self._outgoing.pending and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    # What the protocol above calls.

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        if data and not self._closing:
            self._tls.write(data)
            self._flush()

    def writelines(self, list_of_data: Iterable[bytes]) -> None:
        """Encrypt and send several pieces as one."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Send close_notify; what the client still sends can be read."""
        if not self._closing:
            self._closing = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # it waits for the client's own close_notify, which may come much later
            self._flush()

    def close(self) -> None:
        """Send what is buffered and close_notify, then close the socket."""
        self.write_eof()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closing or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Stop taking bytes from the socket."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the upper end to another protocol."""
        assert isinstance(protocol, asyncio.Protocol)
        self._inner = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """``peercert`` is the client's verified certificate; the rest is the socket's."""
        if name == "peercert":
            return self._tls.getpeercert()
        return self._transport.get_extra_info(name, default)
