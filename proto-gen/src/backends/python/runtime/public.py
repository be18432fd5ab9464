# What a user of the module meets besides messages.

Json: _t.TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"
"""What `to_json` returns: the form of `spec/vectors/`."""

Address: _t.TypeAlias = _ip.IPv4Address | _ip.IPv6Address
"""An `Ip`."""

HEADER_LEN = 6
"""Bytes of a frame's header: `id: u16`, `len: u32`, little-endian."""

UNKNOWN_MAX_LEN = 65_536
"""Longest value of a message that the spec does not know."""


class SocketAddr(_t.NamedTuple):
    """An address and a port."""

    ip: Address
    port: int

    def __str__(self) -> str:
        host = _ip_text(self.ip)
        return f"[{host}]:{self.port}" if self.ip.version == 6 else f"{host}:{self.port}"


class NaN(float):
    """A NaN that keeps its bits, so that it is written as it was read.

    Those of an `F64` are at least 2^52, those of an `F32` below 2^32; in a field of the other
    width it is any NaN.
    """

    bits: int

    def __new__(cls, bits: int) -> NaN:
        form = "<If" if bits < 1 << 32 else "<Qd"
        value = _struct.unpack(f"<{form[2]}", _struct.pack(f"<{form[1]}", bits))[0]
        if value == value:
            raise ValueError(f"{bits:#x} are the bits of {value}")
        nan = super().__new__(cls, "nan")
        nan.bits = bits
        return nan

    def __getnewargs__(self) -> tuple[int]:
        return (self.bits,)


class DecodeError(ValueError):
    """Bytes that are refused: the first fault in reading order."""

    def __init__(self, kind: str, offset: int, path: str, detail: str) -> None:
        super().__init__(f"{path}: {kind} at byte {offset}: {detail}")
        self.kind = kind
        """Class of the fault: `truncated`, `over-bound`, ..."""
        self.offset = offset
        """Where, in bytes from the start of the message's value."""
        self.path = path
        """What was being read: `Changes.joined[3].name`."""


class EncodeError(ValueError):
    """A value that cannot be written."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        """What was being written: `Changes.joined[3].name`."""


@_dataclass
class UnknownVariant:
    """A union's variant with an odd id that the spec does not know."""

    id: int
    value: bytes


@_dataclass
class UnknownMessage:
    """A message that the spec does not know."""

    id: int
    value: bytes

    @property
    def critical(self) -> bool:
        """Whether a reader must not go on: it is, if the id is even."""
        return self.id % 2 == 0

    def frame(self) -> bytes:
        """The message with its header."""
        return _frame(self.id, self.value)
