from __future__ import annotations

import enum as _enum
import ipaddress as _ip
import struct as _struct
import typing as _t
import uuid as _uuid
from collections.abc import Callable as _Callable
from collections.abc import Iterator as _Iterator
from dataclasses import dataclass as _dataclass
from dataclasses import field as _field

Json = _t.Union[None, bool, int, str, "list[Json]", "dict[str, Json]"]
"""What `to_json` returns: the form of `spec/vectors/`."""

Address = _t.Union[_ip.IPv4Address, _ip.IPv6Address]
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
        host = f"[{self.ip}]" if self.ip.version == 6 else str(self.ip)
        return f"{host}:{self.port}"


class NaN(float):
    """A NaN that keeps its bits, so that it is written as it was read."""

    bits: int

    def __new__(cls, bits: int) -> NaN:
        nan = super().__new__(cls, "nan")
        nan.bits = bits
        return nan


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


class _Reader:
    """A cursor in nested regions."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.pos = 0
        self.end = len(data)
        self.path = [name]
        self.skipped = False

    def fault(self, kind: str, offset: int, detail: str) -> DecodeError:
        return DecodeError(kind, offset, "".join(self.path), detail)

    def announced(self, size: int) -> None:
        left = self.end - self.pos
        if size > left:
            raise self.fault("truncated", self.pos, f"{size} bytes wanted, {left} left")

    def take(self, size: int) -> bytes:
        self.announced(size)
        start = self.pos
        self.pos += size
        return self.data[start : self.pos]

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def prefix(self, width: int, bound: int) -> int:
        start = self.pos
        found = self.number(width)
        if found > bound:
            raise self.fault("over-bound", start, f"{found}, where {bound} is the most allowed")
        return found

    def count(self, width: int, bound: int, element: int) -> int:
        start = self.pos
        found = self.prefix(width, bound)
        if found * element > self.end - self.pos:
            raise self.fault("count-too-large", start, f"{found} elements cannot fit")
        return found

    def flag(self) -> bool:
        start = self.pos
        found = self.number(1)
        if found > 1:
            raise self.fault("bad-bool", start, f"0 or 1 is wanted, found {found}")
        return found == 1

    def enter(self, size: int) -> int:
        """Narrows the region to the next `size` bytes; returns the end to restore."""
        self.announced(size)
        end = self.end
        self.end = self.pos + size
        return end

    def at(self, segment: str, codec: _Codec[_T]) -> _T:
        self.path.append(segment)
        value = codec.read(self)
        self.path.pop()
        return value

    def field(self, name: str, codec: _Codec[_T]) -> _T:
        return self.at(f".{name}", codec)

    def records(self) -> _Iterator[int]:
        """Ids of the tail's records; each must be read before the next is asked for."""
        last = -1
        while self.pos < self.end:
            start = self.pos
            id, size = _HEADER.unpack(self.take(HEADER_LEN))
            end = self.enter(size)
            if id == last:
                raise self.fault("tail-duplicate", start, f"tail record {id} stands twice")
            if id < last:
                raise self.fault("tail-order", start, f"tail record {id} after {last}")
            last = id
            yield id
            self.end = end

    def tail(self, name: str, codec: _Codec[_T]) -> _T:
        """The value of a tail record: all of it."""
        value = self.field(name, codec)
        if self.pos < self.end:
            self.path.append(f".{name}")
            raise self.fault("trailing-bytes", self.pos, f"{self.end - self.pos} bytes left")
        return value

    def unknown(self, id: int) -> bytes:
        """The value of a tail record that the spec does not know; refuses a critical one."""
        if id % 2 == 0:
            start = self.pos - HEADER_LEN
            raise self.fault("unknown-critical", start, f"tail record {id} is critical")
        return self.take(self.end - self.pos)

    def skip(self, id: int) -> None:
        self.unknown(id)
        self.skipped = True


class _Writer:
    """Bytes so far, and the path to what is being written."""

    def __init__(self, name: str) -> None:
        self.out = bytearray()
        self.path = [name]

    def refuse(self, detail: str) -> EncodeError:
        return EncodeError("".join(self.path), detail)

    def number(self, value: int, size: int, signed: bool = False) -> None:
        try:
            self.out += value.to_bytes(size, "little", signed=signed)
        except OverflowError:
            raise self.refuse(f"{value} does not fit in {size} bytes") from None

    def prefix(self, found: int, width: int, bound: int) -> None:
        if found > bound:
            raise self.refuse(f"{found}, where {bound} is the most allowed")
        self.number(found, width)

    def at(self, segment: str, codec: _Codec[_T], value: _T) -> None:
        self.path.append(segment)
        codec.write(self, value)
        self.path.pop()

    def field(self, name: str, codec: _Codec[_T], value: _T) -> None:
        self.at(f".{name}", codec, value)

    def patched(self, start: int, width: int) -> None:
        """Writes the length of what follows the placeholder at `start` over it."""
        size = len(self.out) - start - width
        try:
            self.out[start : start + width] = size.to_bytes(width, "little")
        except OverflowError:
            raise self.refuse(f"{size} bytes do not fit in a length of {width} bytes") from None

    def tail(self, id: int, name: str, codec: _Codec[_T], value: _T | None) -> None:
        if value is not None:
            self.out += _HEADER.pack(id, 0)
            start = len(self.out) - 4
            self.field(name, codec, value)
            self.patched(start, 4)

    def retained(self, records: dict[int, bytes], first: int, last: int) -> None:
        """Writes the retained records with ids from `first` to `last`."""
        for id in sorted(records):
            if first <= id <= last:
                self.out += _frame(id, records[id])

    def check_retained(self, records: dict[int, bytes], known: set[int]) -> None:
        for id in records:
            if id % 2 == 0 or id in known or not 0 < id <= 0xFFFF:
                raise self.refuse(f"tail record {id} is not one that is kept")


_T = _t.TypeVar("_T")
_K = _t.TypeVar("_K")
_V = _t.TypeVar("_V")
_E = _t.TypeVar("_E", bound=_enum.IntEnum)
_F = _t.TypeVar("_F", bound=_enum.IntFlag)
_HEADER = _struct.Struct("<HI")


def _frame(id: int, value: bytes) -> bytes:
    return _HEADER.pack(id, len(value)) + value


def _json_int(value: int) -> Json:
    return int(value) if abs(value) <= 1 << 53 else str(int(value))


class _Codec(_t.Generic[_T]):
    """How a type is read and written."""

    min = 1
    """Smallest size in bytes."""

    def read(self, r: _Reader) -> _T:
        raise NotImplementedError

    def write(self, w: _Writer, value: _T) -> None:
        raise NotImplementedError

    def json(self, value: _T) -> Json:
        raise NotImplementedError


class _Bool(_Codec[bool]):
    def read(self, r: _Reader) -> bool:
        return r.flag()

    def write(self, w: _Writer, value: bool) -> None:
        w.out.append(1 if value else 0)

    def json(self, value: bool) -> Json:
        return value


class _Int(_Codec[int]):
    def __init__(self, size: int, signed: bool) -> None:
        self.min = size
        self.signed = signed

    def read(self, r: _Reader) -> int:
        return r.number(self.min, self.signed)

    def write(self, w: _Writer, value: int) -> None:
        w.number(value, self.min, self.signed)

    def json(self, value: int) -> Json:
        return _json_int(value)


class _Float(_Codec[float]):
    def __init__(self, size: int) -> None:
        self.min = size
        self.form = _struct.Struct("<f" if size == 4 else "<d")

    def read(self, r: _Reader) -> float:
        data = r.take(self.min)
        value: float = self.form.unpack(data)[0]
        return value if value == value else NaN(int.from_bytes(data, "little"))

    def write(self, w: _Writer, value: float) -> None:
        if isinstance(value, NaN):
            w.number(value.bits, self.min)
            return
        try:
            w.out += self.form.pack(value)
        except OverflowError:
            raise w.refuse(f"{value} does not fit in {self.min} bytes") from None

    def json(self, value: float) -> Json:
        w = _Writer("")
        self.write(w, value)
        return f"0x{int.from_bytes(w.out, 'little'):0{2 * self.min}x}"


class _Str(_Codec[str]):
    def __init__(self, width: int, bound: int) -> None:
        self.min = width
        self.bound = bound

    def read(self, r: _Reader) -> str:
        size = r.prefix(self.min, self.bound)
        start = r.pos
        try:
            return r.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise r.fault("bad-utf8", start + error.start, "not UTF-8") from None

    def write(self, w: _Writer, value: str) -> None:
        try:
            data = value.encode("utf-8")
        except UnicodeEncodeError:
            raise w.refuse("half a surrogate pair cannot be written") from None
        w.prefix(len(data), self.min, self.bound)
        w.out += data

    def json(self, value: str) -> Json:
        return value


class _Bytes(_Codec[bytes]):
    def __init__(self, width: int, bound: int) -> None:
        self.min = width
        self.bound = bound

    def read(self, r: _Reader) -> bytes:
        return r.take(r.prefix(self.min, self.bound))

    def write(self, w: _Writer, value: bytes) -> None:
        w.prefix(len(value), self.min, self.bound)
        w.out += value

    def json(self, value: bytes) -> Json:
        return value.hex()


class _List(_Codec[list[_T]]):
    def __init__(self, element: _Codec[_T], width: int, bound: int) -> None:
        self.min = width
        self.element = element
        self.bound = bound

    def read(self, r: _Reader) -> list[_T]:
        count = r.count(self.min, self.bound, self.element.min)
        return [r.at(f"[{index}]", self.element) for index in range(count)]

    def write(self, w: _Writer, value: list[_T]) -> None:
        w.prefix(len(value), self.min, self.bound)
        for index, element in enumerate(value):
            w.at(f"[{index}]", self.element, element)

    def json(self, value: list[_T]) -> Json:
        return [self.element.json(element) for element in value]


class _Array(_Codec[list[_T]]):
    def __init__(self, element: _Codec[_T], count: int) -> None:
        self.min = element.min * count
        self.element = element
        self.count = count

    def read(self, r: _Reader) -> list[_T]:
        return [r.at(f"[{index}]", self.element) for index in range(self.count)]

    def write(self, w: _Writer, value: list[_T]) -> None:
        if len(value) != self.count:
            raise w.refuse(f"{self.count} elements are wanted, found {len(value)}")
        for index, element in enumerate(value):
            w.at(f"[{index}]", self.element, element)

    def json(self, value: list[_T]) -> Json:
        return [self.element.json(element) for element in value]


class _Map(_Codec[dict[_K, _V]]):
    def __init__(self, key: _Codec[_K], value: _Codec[_V], width: int, bound: int) -> None:
        self.min = width
        self.key = key
        self.value = value
        self.bound = bound

    @staticmethod
    def order(key: _t.Any) -> _t.Any:
        """Numbers and enums by number, `Str`, `Bytes` and `Uuid` by their bytes."""
        if isinstance(key, str):
            return key.encode("utf-8")
        return key.bytes if isinstance(key, _uuid.UUID) else key

    def read(self, r: _Reader) -> dict[_K, _V]:
        out: dict[_K, _V] = {}
        last: _t.Any = None
        for index in range(r.count(self.min, self.bound, self.key.min + self.value.min)):
            start = r.pos
            r.path.append(f"[{index}].key")
            key = self.key.read(r)
            order = self.order(key)
            if index > 0 and not last < order:
                raise r.fault("map-order", start, "a key not greater than the one before")
            last = order
            r.path.pop()
            out[key] = r.at(f"[{index}].value", self.value)
        return out

    def write(self, w: _Writer, value: dict[_K, _V]) -> None:
        w.prefix(len(value), self.min, self.bound)
        for index, key in enumerate(sorted(value, key=self.order)):
            w.at(f"[{index}].key", self.key, key)
            w.at(f"[{index}].value", self.value, value[key])

    def json(self, value: dict[_K, _V]) -> Json:
        keys = sorted(value, key=self.order)
        return [[self.key.json(key), self.value.json(value[key])] for key in keys]


class _Opt(_Codec[_t.Optional[_T]]):
    def __init__(self, inner: _Codec[_T]) -> None:
        self.inner = inner

    def read(self, r: _Reader) -> _T | None:
        return self.inner.read(r) if r.flag() else None

    def write(self, w: _Writer, value: _T | None) -> None:
        w.out.append(0 if value is None else 1)
        if value is not None:
            self.inner.write(w, value)

    def json(self, value: _T | None) -> Json:
        return None if value is None else self.inner.json(value)


class _Nested(_Codec[tuple[_T]]):
    """An `Opt` inside an `Opt`, in a tuple of one: being there is not being something."""

    def __init__(self, inner: _Codec[_T]) -> None:
        self.inner = inner

    def read(self, r: _Reader) -> tuple[_T]:
        return (self.inner.read(r),)

    def write(self, w: _Writer, value: tuple[_T]) -> None:
        self.inner.write(w, value[0])

    def json(self, value: tuple[_T]) -> Json:
        return [self.inner.json(value[0])]


class _Ip(_Codec[Address]):
    min = 5

    def read(self, r: _Reader) -> Address:
        start = r.pos
        family = r.number(1)
        if family == 4:
            return _ip.IPv4Address(r.take(4))
        if family == 6:
            return _ip.IPv6Address(r.take(16))
        raise r.fault("bad-family", start, f"4 or 6 is wanted, found {family}")

    def write(self, w: _Writer, value: Address) -> None:
        if isinstance(value, _ip.IPv6Address) and value.scope_id is not None:
            raise w.refuse("an address with a scope cannot be written")
        w.out.append(value.version)
        w.out += value.packed

    def json(self, value: Address) -> Json:
        return str(value)


class _SocketAddr(_Codec[SocketAddr]):
    min = 7

    def read(self, r: _Reader) -> SocketAddr:
        ip = _IP.read(r)
        return SocketAddr(ip, r.number(2))

    def write(self, w: _Writer, value: SocketAddr) -> None:
        _IP.write(w, value.ip)
        w.number(value.port, 2)

    def json(self, value: SocketAddr) -> Json:
        return str(value)


class _Uuid(_Codec[_uuid.UUID]):
    min = 16

    def read(self, r: _Reader) -> _uuid.UUID:
        return _uuid.UUID(bytes=r.take(16))

    def write(self, w: _Writer, value: _uuid.UUID) -> None:
        w.out += value.bytes

    def json(self, value: _uuid.UUID) -> Json:
        return str(value)


class _Open(_Codec[_t.Union[_E, int]]):
    """An enum that keeps numbers it does not name."""

    def __init__(self, type: type[_E], size: int) -> None:
        self.type = type
        self.min = size

    def read(self, r: _Reader) -> _E | int:
        number = r.number(self.min)
        try:
            return self.type(number)
        except ValueError:
            return number

    def write(self, w: _Writer, value: _E | int) -> None:
        w.number(int(value), self.min)

    def json(self, value: _E | int) -> Json:
        try:
            return _spec_name(self.type(value))
        except ValueError:
            return int(value)


class _Closed(_Codec[_E]):
    """An enum that refuses numbers it does not name."""

    def __init__(self, type: type[_E], size: int) -> None:
        self.type = type
        self.min = size

    def read(self, r: _Reader) -> _E:
        start = r.pos
        number = r.number(self.min)
        try:
            return self.type(number)
        except ValueError:
            raise r.fault("unknown-value", start, f"{number} has no name") from None

    def write(self, w: _Writer, value: _E) -> None:
        try:
            w.number(self.type(value), self.min)
        except ValueError:
            raise w.refuse(f"{value} is no value of this closed enum") from None

    def json(self, value: _E) -> Json:
        return _spec_name(value)


class _Flags(_Codec[_F]):
    def __init__(self, type: type[_F], size: int) -> None:
        self.type = type
        self.min = size

    def read(self, r: _Reader) -> _F:
        return self.type(r.number(self.min))

    def write(self, w: _Writer, value: _F) -> None:
        w.number(int(value), self.min)

    def json(self, value: _F) -> Json:
        names: dict[int, str] = {bit.value: _spec_name(bit) for bit in self.type}
        bits = (bit for bit in range(64) if int(value) >> bit & 1)
        return [names.get(1 << bit, bit) for bit in bits]


def _spec_name(member: _enum.Enum) -> str:
    """The name that the spec has; a trailing underscore is Python's need."""
    return member.name.rstrip("_")


class _Body:
    """What messages, structs and variants have in common."""

    def _write(self, w: _Writer) -> None:
        raise NotImplementedError

    @classmethod
    def _read(cls, r: _Reader) -> _t.Self:
        raise NotImplementedError

    def to_json(self) -> dict[str, Json]:
        """The value in the JSON form of `spec/vectors/`."""
        raise NotImplementedError


_B = _t.TypeVar("_B", bound=_Body)


class _Frozen(_Codec[_B]):
    def __init__(self, type: type[_B], min: int) -> None:
        self.type = type
        self.min = min

    def read(self, r: _Reader) -> _B:
        return self.type._read(r)

    def write(self, w: _Writer, value: _B) -> None:
        value._write(w)

    def json(self, value: _B) -> Json:
        return value.to_json()


class _Extensible(_Codec[_B]):
    """A struct behind a length, which counts what follows it."""

    def __init__(self, type: type[_B], width: int, min: int) -> None:
        self.type = type
        self.width = width
        self.min = min

    def read(self, r: _Reader) -> _B:
        end = r.enter(r.number(self.width))
        value = self.type._read(r)
        r.end = end
        return value

    def write(self, w: _Writer, value: _B) -> None:
        start = len(w.out)
        w.out += bytes(self.width)
        value._write(w)
        w.patched(start, self.width)

    def json(self, value: _B) -> Json:
        return value.to_json()


class _Union(_Codec[_t.Any]):
    """One of several bodies, each a record."""

    min = HEADER_LEN

    def __init__(self, variants: dict[int, tuple[str, type[_Body]]], bound: int) -> None:
        self.variants = variants
        self.bound = bound

    def read(self, r: _Reader) -> _t.Any:
        start = r.pos
        id, size = _HEADER.unpack(r.take(HEADER_LEN))
        if size > self.bound:
            raise r.fault("union-length", start, f"{size}, where {self.bound} is the most allowed")
        end = r.enter(size)
        if id in self.variants:
            name, type = self.variants[id]
            r.path.append(f".{name}")
            value: _t.Any = type._read(r)
            r.path.pop()
        elif id % 2 == 0:
            raise r.fault("unknown-critical", start, f"variant {id} is critical and unknown")
        else:
            value = UnknownVariant(id, r.take(size))
        r.end = end
        return value

    def write(self, w: _Writer, value: _t.Any) -> None:
        start = len(w.out)
        if isinstance(value, UnknownVariant):
            if value.id in self.variants or value.id % 2 == 0:
                raise w.refuse(f"variant {value.id} is not one that is kept")
            w.out += _frame(value.id, value.value)
        else:
            id, name = self.find(value)
            w.out += _HEADER.pack(id, 0)
            w.path.append(f".{name}")
            value._write(w)
            w.path.pop()
            w.patched(start + 2, 4)
        if len(w.out) - start - HEADER_LEN > self.bound:
            raise w.refuse(f"a variant is longer than {self.bound} bytes")

    def json(self, value: _t.Any) -> Json:
        if isinstance(value, UnknownVariant):
            return {f"#{value.id}": value.value.hex()}
        return {self.find(value)[1]: value.to_json()}

    def find(self, value: _t.Any) -> tuple[int, str]:
        for id, (name, type) in self.variants.items():
            if isinstance(value, type):
                return id, name
        raise TypeError(f"{value!r} is no variant of this union")


def _nearest_f32(value: float) -> float:
    """What an `F32` makes of a float."""
    try:
        nearest: float = _struct.unpack("<f", _struct.pack("<f", value))[0]
        return nearest
    except OverflowError:
        return value


class _Ruled(_Codec[_T]):
    """A field with a constraint, judged once the field is whole."""

    def __init__(self, inner: _Codec[_T], rule: _Callable[[_t.Any], bool], text: str) -> None:
        self.min = inner.min
        self.inner = inner
        self.rule = rule
        self.text = text

    def read(self, r: _Reader) -> _T:
        start = r.pos
        value = self.inner.read(r)
        if not self.rule(value):
            raise r.fault("constraint", start, f"{self.text} is wanted")
        return value

    def write(self, w: _Writer, value: _T) -> None:
        if not self.rule(value):
            raise w.refuse(f"{self.text} is wanted")
        self.inner.write(w, value)

    def json(self, value: _T) -> Json:
        return self.inner.json(value)


def _length(value: _t.Any) -> int:
    """Bytes or elements."""
    return len(value.encode("utf-8")) if isinstance(value, str) else len(value)


class Message(_Body):
    """A message type of the spec."""

    ID: _t.ClassVar[int]
    """Type id in the frame's header."""
    NAME: _t.ClassVar[str]
    """Name in the spec."""
    MAX_LEN: _t.ClassVar[int]
    """Longest value in bytes."""

    def encode(self) -> bytes:
        """The value, without the frame's header. Raises `EncodeError`."""
        w = _Writer(self.NAME)
        self._write(w)
        if len(w.out) > self.MAX_LEN:
            raise w.refuse(f"{len(w.out)} bytes, where {self.MAX_LEN} are the most allowed")
        return bytes(w.out)

    def frame(self) -> bytes:
        """The message with its header, ready for the stream. Raises `EncodeError`."""
        return _frame(self.ID, self.encode())

    @classmethod
    def decode(cls, value: bytes) -> _t.Self:
        """The message of a whole value, without the frame's header. Raises `DecodeError`."""
        return cls.decode_reporting(value)[0]

    @classmethod
    def decode_reporting(cls, value: bytes) -> tuple[_t.Self, bool]:
        """Like `decode`, and whether an unknown tail record was skipped."""
        r = _Reader(value, cls.NAME)
        if len(value) > cls.MAX_LEN:
            raise r.fault("too-long", 0, f"{len(value)} bytes, at most {cls.MAX_LEN}")
        message = cls._read(r)
        return message, r.skipped


class FrameReader:
    """Turns the bytes of a stream, in pieces of any size, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message | UnknownMessage]:
        """The messages that `data` completes.

        Raises `DecodeError` for a message that is refused, also by its header alone; the stream
        cannot be read any further then.
        """
        self._buffer += data
        messages: list[Message | UnknownMessage] = []
        while len(self._buffer) >= HEADER_LEN:
            id, size = _HEADER.unpack_from(self._buffer)
            known = MESSAGES.get(id)
            bound = UNKNOWN_MAX_LEN if known is None else known.MAX_LEN
            if size > bound:
                name = f"message {id:#06x}" if known is None else known.NAME
                raise DecodeError("too-long", 0, name, f"{size} bytes, at most {bound}")
            if len(self._buffer) < HEADER_LEN + size:
                break
            value = bytes(self._buffer[HEADER_LEN : HEADER_LEN + size])
            del self._buffer[: HEADER_LEN + size]
            messages.append(UnknownMessage(id, value) if known is None else known.decode(value))
        return messages


_BOOL = _Bool()
_U8 = _Int(1, False)
_U16 = _Int(2, False)
_U32 = _Int(4, False)
_U64 = _Int(8, False)
_U128 = _Int(16, False)
_I8 = _Int(1, True)
_I16 = _Int(2, True)
_I32 = _Int(4, True)
_I64 = _Int(8, True)
_I128 = _Int(16, True)
_F32 = _Float(4)
_F64 = _Float(8)
_IP = _Ip()
_SOCKET_ADDR = _SocketAddr()
_UUID = _Uuid()
