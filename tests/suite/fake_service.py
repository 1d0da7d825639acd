"""A tiny service for the supervisor's tests: a /readyz, and whatever bad habit it is told to have.

`fake_service.py <port> [habit] [file]`: `ignore-sigterm` never ends when asked; `die-once` dies at once the first
time (the file remembers it); `refuse-settings` ends with 78; `die` always dies; `never-ready` answers 503;
`note-end` adds its port to the file when it ends.
"""

import os
import signal
import socket
import sys
from pathlib import Path


def main(port: int, habit: str = "", file: str = "") -> None:
    if habit == "refuse-settings":
        print("IGNY8_SECRET_KEY is not set")
        sys.exit(78)
    if habit == "die" or (habit == "die-once" and not Path(file).exists()):
        if file:
            Path(file).touch()
        print("a fault of the fake service")
        sys.exit(3)

    def on_sigterm(*_: object) -> None:
        if habit == "note-end":
            with Path(file).open("a") as notes:
                notes.write(f"{port}\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if habit == "ignore-sigterm" else on_sigterm)
    serve(port, status="503 Service Unavailable" if habit == "never-ready" else "200 OK")


def serve(port: int, *, status: str = "200 OK") -> None:
    """Answer every request with that status, for ever."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(
                    f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(int(sys.argv[1]), *sys.argv[2:])
    else:
        main(int(os.environ["IGNY8_METRICS_PORT"]))
