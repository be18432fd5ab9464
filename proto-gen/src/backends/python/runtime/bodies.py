# Enums, structs, unions and messages: what the classes of a spec stand on.


def _by_value(type: type[_enum.Enum], names: str) -> dict[int, str]:
    """The spec's names by value, from a list of them in the order of the members."""
    return dict(zip((member.value for member in type), names.split(), strict=True))


class _Open(_Codec[_E | int]):
    """An enum that keeps numbers it does not name."""

    def __init__(self, type: type[_E], size: int, names: str) -> None:
        self.type = type
        self.min = size
        self.names = _by_value(type, names)

    def read(self, r: _Reader) -> _E | int:
        number = r.number(self.min)
        return self.type(number) if number in self.names else number

    def write(self, w: _Writer, value: _E | int) -> None:
        w.number(int(value), self.min)

    def json(self, value: _E | int) -> Json:
        return self.names.get(int(value), int(value))


class _Closed(_Codec[_E]):
    """An enum that refuses numbers it does not name."""

    def __init__(self, type: type[_E], size: int, names: str) -> None:
        self.type = type
        self.min = size
        self.names = _by_value(type, names)

    def read(self, r: _Reader) -> _E:
        start = r.pos
        number = r.number(self.min)
        if number not in self.names:
            raise r.fault("unknown-value", start, f"{number} has no name")
        return self.type(number)

    def write(self, w: _Writer, value: _E) -> None:
        if value not in self.names:
            raise w.refuse(f"{value} is no value of this closed enum")
        w.number(int(value), self.min)

    def json(self, value: _E) -> Json:
        return self.names[value]


class _Flags(_Codec[_F]):
    def __init__(self, type: type[_F], size: int, names: str) -> None:
        self.type = type
        self.min = size
        self.names = _by_value(type, names)

    def read(self, r: _Reader) -> _F:
        return self.type(r.number(self.min))

    def write(self, w: _Writer, value: _F) -> None:
        w.number(int(value), self.min)

    def json(self, value: _F) -> Json:
        bits = (bit for bit in range(64) if int(value) >> bit & 1)
        return [self.names.get(1 << bit, bit) for bit in bits]


class _Field(_t.NamedTuple):
    """A field of a body."""

    name: str
    """In the spec."""
    attribute: str
    """In the class."""
    codec: _Codec[_t.Any]


class _Body:
    """What messages, structs and variants have in common: they are read and written by a table."""

    _HEAD: _t.ClassVar[tuple[_Field, ...]] = ()
    """Required fields, in order."""
    _TAIL: _t.ClassVar[dict[int, _Field] | None] = None
    """Optional fields by the ids of their records, ascending; a frozen struct has no tail."""
    _RETAINS: _t.ClassVar[bool] = False
    """Whether tail records that the spec does not know are kept, in `retained`."""

    def _write(self, w: _Writer) -> None:
        for field in self._HEAD:
            w.field(field.name, field.codec, getattr(self, field.attribute))
        known = self._TAIL or {}
        retained = self._retained()
        w.check_retained(retained, known)
        for id in sorted([*known, *retained]):
            if id in retained:
                w.out += _frame(id, retained[id])
                continue
            field = known[id]
            value = getattr(self, field.attribute)
            if value is not None:
                w.tail(id, field.name, field.codec, value)

    @classmethod
    def _read(cls, r: _Reader) -> _t.Self:
        values: dict[str, _t.Any] = {}
        for field in cls._HEAD:
            values[field.attribute] = r.field(field.name, field.codec)
        if cls._TAIL is not None:
            retained: dict[int, bytes] = {}
            for id in r.records():
                if id in cls._TAIL:
                    field = cls._TAIL[id]
                    values[field.attribute] = r.tail(field.name, field.codec)
                elif cls._RETAINS:
                    retained[id] = r.unknown(id)
                else:
                    r.skip(id)
            if cls._RETAINS:
                values["retained"] = retained
        return cls(**values)

    def to_json(self) -> dict[str, Json]:
        """The value in the JSON form of `spec/vectors/`."""
        out = {f.name: f.codec.json(getattr(self, f.attribute)) for f in self._HEAD}
        for field in (self._TAIL or {}).values():
            value = getattr(self, field.attribute)
            if value is not None:
                out[field.name] = field.codec.json(value)
        for id, record in sorted(self._retained().items()):
            out[f"#{id}"] = record.hex()
        return out

    def _retained(self) -> dict[int, bytes]:
        retained: dict[int, bytes] = getattr(self, "retained") if self._RETAINS else {}
        return retained


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
        try:
            self._write(w)
        except (AttributeError, TypeError, _struct.error) as error:
            raise w.refuse(f"a value of another type than the field's: {error}") from error
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
        self._fault: DecodeError | None = None

    def feed(self, data: bytes) -> _Iterator[Message | UnknownMessage]:
        """The messages that `data` completes, one after the other.

        After those before it, raises `DecodeError` for a message that is refused, also by its
        header alone; the stream cannot be read any further then, and whoever asks again is told
        the same. What is not taken from the iterator comes with the next one.
        """
        self._buffer += data
        return self._messages()

    def _messages(self) -> _Iterator[Message | UnknownMessage]:
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | UnknownMessage | None:
        if self._fault is not None:
            raise self._fault
        if len(self._buffer) < HEADER_LEN:
            return None
        id, size = _HEADER.unpack_from(self._buffer)
        known = MESSAGES.get(id)
        bound = UNKNOWN_MAX_LEN if known is None else known.MAX_LEN
        try:
            if size > bound:
                name = f"message {id:#06x}" if known is None else known.NAME
                raise DecodeError("too-long", 0, name, f"{size} bytes, at most {bound}")
            if len(self._buffer) < HEADER_LEN + size:
                return None
            value = bytes(memoryview(self._buffer)[HEADER_LEN : HEADER_LEN + size])
            del self._buffer[: HEADER_LEN + size]
            return UnknownMessage(id, value) if known is None else known.decode(value)
        except DecodeError as fault:
            self._fault = fault
            raise


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
