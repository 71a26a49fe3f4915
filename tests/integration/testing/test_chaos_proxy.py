"""The chaos suite's TCP proxy does to a line what it says."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import BLACK_HOLE, DEAF, MUTE, PASSING, REFUSING, TRICKLE, Line, Proxy, proxy

SHORT, LONG = 0.3, 5.0


class Echo:
    """Sends back what it gets and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hears(self, wanted: bytes) -> bool:
        deadline = time.monotonic() + LONG
        while wanted not in self.heard and time.monotonic() < deadline:
            time.sleep(0.01)
        return wanted in self.heard

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := connection.recv(65536):
                self.heard += data
                connection.sendall(data)
        connection.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def line(echo: Echo) -> Iterator[Proxy]:
    with proxy(echo.port) as found:
        yield found


@pytest.fixture
def client(line: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", line.port), timeout=LONG) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"
        yield connection


def silent(client: socket.socket) -> bool:
    client.settimeout(SHORT)
    try:
        return client.recv(100) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(LONG)


def test_a_cut_line_resets_the_client_and_takes_new_connections(line: Proxy, client: socket.socket) -> None:
    line.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with socket.create_connection(("127.0.0.1", line.port), timeout=LONG) as again:
        again.sendall(b"again")
        assert again.recv(5) == b"again"


def test_a_refusing_line_takes_no_new_connections(line: Proxy) -> None:
    line.set(REFUSING)
    refused = socket.create_connection(("127.0.0.1", line.port), timeout=LONG)
    with refused, contextlib.suppress(ConnectionResetError):
        assert refused.recv(1) == b""


def test_a_half_closed_line_ends_the_answers_only(line: Proxy, client: socket.socket, echo: Echo) -> None:
    line.half_close()
    assert client.recv(1) == b""
    client.sendall(b"still here")
    assert echo.hears(b"still here")
    client.close()
    deadline = time.monotonic() + LONG
    while line.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not line.connections, "the server has heard that the client is gone"


def test_a_black_hole_holds_both_ways_and_lets_go_of_everything(line: Proxy, client: socket.socket, echo: Echo) -> None:
    with line.being(BLACK_HOLE):
        client.sendall(b"late")
        assert silent(client)
        assert b"late" not in echo.heard
    assert client.recv(4) == b"late"


def test_a_deaf_server_hears_nothing(line: Proxy, client: socket.socket, echo: Echo) -> None:
    with line.being(DEAF):
        client.sendall(b"late")
        assert silent(client)
        assert b"late" not in echo.heard
    assert echo.hears(b"late")


def test_a_mute_server_hears_and_does_not_answer(line: Proxy, client: socket.socket, echo: Echo) -> None:
    with line.being(MUTE):
        client.sendall(b"late")
        assert echo.hears(b"late")
        assert silent(client)
    assert client.recv(4) == b"late"


def test_a_delayed_line_takes_its_time(line: Proxy, client: socket.socket) -> None:
    line.set(Line(delay=0.2))
    begun = time.monotonic()
    client.sendall(b"slow")
    assert client.recv(4) == b"slow"
    assert time.monotonic() - begun >= 0.4, "once in each direction"


def test_a_trickle_comes_in_drops(line: Proxy, client: socket.socket) -> None:
    line.set(TRICKLE)
    client.sendall(b"x" * 200)
    first = len(client.recv(200))
    assert 0 < first < 200
    line.set(PASSING)
    rest = b""
    while len(rest) < 200 - first:
        rest += client.recv(200)
    assert rest == b"x" * (200 - first), "what trickled is not lost"


def test_a_trickle_ends_with_its_connection(line: Proxy, client: socket.socket) -> None:
    line.set(TRICKLE)
    client.sendall(b"x" * 50_000)  # minutes at this pace
    assert client.recv(1) == b"x"
    line.cut()
    deadline = time.monotonic() + LONG
    while line.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not line.busy
