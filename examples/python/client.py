"""A client in another language: registers, finds everyone, greets, leaves.

Written from `spec/WIRE.md` and the generated `spec/python/netport.py` alone; needs Python 3.11 and
nothing else.

    python3 client.py --server 127.0.0.1:4000 --name ann --greetings 2

It ends with success once it was greeted by as many clients as `--greetings` says.
"""

from __future__ import annotations

import argparse
import ipaddress
import pathlib
import selectors
import socket
import sys
import time
import uuid
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "spec" / "python"))

import netport  # noqa: E402

DEADLINE_SECONDS = 60.0
"""All of it must be done by then: this is an example, not a daemon."""

PING_SECONDS = 20.0
"""A link on which nothing was sent for so long gets a heartbeat."""


class Link:
    """One TCP connection: frames in, frames out."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.reader = netport.FrameReader()
        self.peer: netport.Hello | None = None
        self.up = False
        """Whether the lower of a pair has said `Welcome` here."""
        self.ended = False
        self.sent_at = time.monotonic()

    def send(self, message: netport.Message) -> None:
        self.stream.sendall(message.frame())
        self.sent_at = time.monotonic()

    def receive(self) -> Iterator[netport.Message | netport.UnknownMessage]:
        """What has arrived; the end of the stream ends the link."""
        try:
            data = self.stream.recv(65_536)
        except ConnectionError:
            data = b""
        self.ended = self.ended or not data
        return self.reader.feed(data)

    def close(self) -> None:
        """Says goodbye, and reads until the peer is done: closing early would lose the goodbye."""
        try:
            if not self.ended:
                self.send(netport.Goodbye(reason=netport.GoodbyeReason.DONE))
                self.stream.shutdown(socket.SHUT_WR)
                self.stream.settimeout(5.0)
                while self.stream.recv(65_536):
                    pass
        except OSError:
            # The peer was faster; there is nobody left to be polite to.
            pass
        self.stream.close()


class Client:
    """A node: one link to the server, and one to every other client."""

    def __init__(self, name: str, node: uuid.UUID) -> None:
        self.name = name
        self.node = node
        self.session = 0
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.links: list[Link] = []
        self.server: Link | None = None
        self.peers: dict[uuid.UUID, netport.Peer] = {}
        self.epoch: netport.Epoch | None = None
        self.greeted_by: set[str] = set()
        self.dialled: set[uuid.UUID] = set()

    def hello(self, session: int) -> netport.Hello:
        return netport.Hello(
            magic=netport.MAGIC,
            wire_version=netport.WIRE_VERSION,
            protocol=netport.PROTOCOL,
            version=netport.PROTOCOL_VERSION,
            role=netport.Role.CLIENT,
            node=self.node,
            incarnation=1,
            session=session,
            name=self.name,
        )

    def dial(self, host: str, port: int) -> Link:
        self.session += 1
        return self.open(socket.create_connection((host, port), timeout=10.0), self.session)

    def open(self, stream: socket.socket, session: int) -> Link:
        link = Link(stream)
        self.links.append(link)
        self.selector.register(stream, selectors.EVENT_READ, link)
        link.send(self.hello(session))
        return link

    def run(self, server: tuple[str, int], greetings: int) -> None:
        self.server = self.dial(*server)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(self.greeted_by) < greetings:
            if time.monotonic() > deadline:
                raise TimeoutError(f"greeted only by {sorted(self.greeted_by)}")
            for key, _ in self.selector.select(timeout=1.0):
                if key.fileobj is self.listener:
                    self.open(self.listener.accept()[0], 0)
                else:
                    self.serve(key.data)
            for link in self.links:
                if time.monotonic() - link.sent_at > PING_SECONDS:
                    link.send(netport.Ping())
        self.server.send(netport.Deregister())
        for link in list(self.links):
            self.drop(link)

    def serve(self, link: Link) -> None:
        for message in link.receive():
            self.take(link, message)
        if link.ended:
            self.drop(link)
            if link is self.server:
                raise ConnectionError("the server is gone")

    def drop(self, link: Link) -> None:
        self.selector.unregister(link.stream)
        self.links.remove(link)
        link.close()

    def take(self, link: Link, message: netport.Message | netport.UnknownMessage) -> None:
        match message:
            case netport.Hello():
                link.peer = message
                self.on_hello(link)
            case netport.Probe():
                link.send(netport.Alive(nonce=message.nonce))
            case netport.Snapshot():
                self.peers = {peer.node: peer for peer in message.peers}
                self.epoch = message.epoch
                print(f"registered, {len(self.peers)} listed", flush=True)
                self.dial_the_higher()
            case netport.Changes():
                self.on_changes(link, message)
            case netport.Welcome():
                self.on_up(link)
            case netport.Greet() if link.peer is not None:
                print(f"{link.peer.name} says: {message.text}", flush=True)
                self.greeted_by.add(link.peer.name)
            case netport.Lookup():
                text = "this example answers nothing"
                unsupported = netport.CallError.UNSUPPORTED
                link.send(netport.CallRefused(call=message.call, reason=unsupported, text=text))
            case netport.RegisterRefused() | netport.Refuse():
                link.ended = True
                if link is self.server:
                    raise ConnectionError(f"{message.reason!r}: {message.text}")
            case netport.Goodbye():
                link.ended = True
            case netport.UnknownMessage(critical=True):
                reason = netport.RefuseReason.UNKNOWN_CRITICAL
                link.send(netport.Refuse(reason=reason, text=f"message {message.id:#06x}"))
                link.ended = True

    def on_hello(self, link: Link) -> None:
        assert link.peer is not None
        if link is self.server:
            # An unspecified address stands for the one that the server sees.
            here = netport.SocketAddr(ipaddress.ip_address("0.0.0.0"), self.port())
            link.send(netport.Register(addresses=[here]))
        elif self.node.bytes < link.peer.node.bytes and not self.up_with(link.peer.node):
            # The lower of the two decides, for the first link that is open.
            link.send(netport.Welcome())
            self.on_up(link)

    def on_up(self, link: Link) -> None:
        link.up = True
        link.send(netport.Greet(text=f"hello from Python, I am {self.name}"))

    def on_changes(self, link: Link, changes: netport.Changes) -> None:
        if changes.from_ != self.epoch:
            # Something was missed: ask for the complete list.
            self.on_hello(link)
            return
        for node in changes.left:
            self.peers.pop(node, None)
        for peer in changes.joined:
            self.peers[peer.node] = peer
        self.epoch = changes.to
        print(f"{len(self.peers)} listed", flush=True)
        self.dial_the_higher()

    def dial_the_higher(self) -> None:
        """The lower of a pair dials, the higher waits to be dialled."""
        for peer in self.peers.values():
            if self.node.bytes < peer.node.bytes and peer.node not in self.dialled:
                self.dialled.add(peer.node)
                for address in peer.addresses:
                    try:
                        self.dial(str(address.ip), address.port)
                        break
                    except OSError as error:
                        print(f"{peer.name} at {address}: {error}", flush=True)

    def up_with(self, node: uuid.UUID) -> bool:
        return any(link.up and link.peer and link.peer.node == node for link in self.links)

    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port


def main() -> None:
    parser = argparse.ArgumentParser(description="A netport client in Python.")
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--name", required=True)
    parser.add_argument("--greetings", type=int, default=1, help="clients to be greeted by")
    parser.add_argument("--node", type=uuid.UUID, default=None, help="node id; random if absent")
    args = parser.parse_args()
    host, _, port = args.server.rpartition(":")
    client = Client(args.name, args.node or uuid.uuid4())
    client.run((host.strip("[]"), int(port)), args.greetings)
    print("done", flush=True)


if __name__ == "__main__":
    main()
