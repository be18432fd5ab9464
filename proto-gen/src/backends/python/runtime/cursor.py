# Bytes and where one is in them: faults and refusals get their places here.


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

    def tail(self, id: int, name: str, codec: _Codec[_T], value: _T) -> None:
        self.out += _HEADER.pack(id, 0)
        start = len(self.out) - 4
        self.field(name, codec, value)
        self.patched(start, 4)

    def check_retained(self, records: dict[int, bytes], known: _Collection[int]) -> None:
        for id in records:
            if id % 2 == 0 or id in known or not 0 < id <= 0xFFFF:
                raise self.refuse(f"tail record {id} is not one that is kept")
