# How each type of the spec is read and written.

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
        if isinstance(value, NaN) and (value.bits < 1 << 32) == (self.min == 4):
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


def _ip_text(value: Address) -> str:
    """As RFC 5952 has it: an IPv4 address in an IPv6 one is written with dots."""
    mapped = value.ipv4_mapped if isinstance(value, _ip.IPv6Address) else None
    return str(value) if mapped is None else f"::ffff:{mapped}"


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
        return _ip_text(value)


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
