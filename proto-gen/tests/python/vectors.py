"""Holds the generated module MODULE against every vector under FOLDER, and against chance.

Usage: python3 vectors.py MODULE.py FOLDER
"""

import importlib.util
import json
import pathlib
import random
import sys


def load(path):
    spec = importlib.util.spec_from_file_location("generated", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules["generated"] = module
    spec.loader.exec_module(module)
    return module


def valid(module, message, vector):
    given = bytes.fromhex(vector["bytes"])
    canonical = bytes.fromhex(vector.get("canonical", vector["bytes"]))
    value, skipped = message.decode_reporting(given)
    assert skipped == ("canonical" in vector), "skipped"
    assert value.to_json() == vector["value"], value.to_json()
    assert value.encode() == canonical, value.encode().hex()
    # The stream reader gives the same, whatever the pieces.
    reader = module.FrameReader()
    frame = value.frame()
    messages = [found for byte in frame for found in reader.feed(bytes([byte]))]
    assert [found.encode() for found in messages] == [canonical], messages


def invalid(module, message, vector):
    given = bytes.fromhex(vector["bytes"])
    try:
        value = message.decode(given)
    except module.DecodeError as error:
        found = (error.kind, error.offset, error.path)
        assert found == (vector["class"], vector["offset"], vector["path"]), str(error)
    else:
        raise AssertionError(f"accepted as {value}")


def mutated(prng, data):
    """`data` with one to three small changes."""
    data = bytearray(data)
    for _ in range(prng.randint(1, 3)):
        at = prng.randint(0, len(data))
        data[at : at + prng.randint(0, 2)] = prng.randbytes(prng.randint(0, 2))
    return bytes(data)


def chance(module, message, vector):
    """Whatever bytes come, they are refused by `DecodeError`, or are a value like any other."""
    prng = random.Random(vector["bytes"])
    for _ in range(10):
        data = mutated(prng, bytes.fromhex(vector["bytes"]))
        try:
            value = message.decode(data)
        except module.DecodeError:
            continue
        json.dumps(value.to_json())
        again = value.encode()
        assert message.decode(again).encode() == again, data.hex()
    stream = mutated(prng, message.decode(bytes.fromhex(vector["bytes"])).frame() * 3)
    try:
        list(module.FrameReader().feed(stream))
    except module.DecodeError:
        pass


def other_types(module, message, vector):
    """A value that no type checker would let through is refused by `EncodeError`."""
    for attribute in vars(message.decode(bytes.fromhex(vector["bytes"]))):
        value = message.decode(bytes.fromhex(vector["bytes"]))
        setattr(value, attribute, object())
        try:
            data = value.encode()
        except module.EncodeError:
            continue
        # Everything is true or false.
        assert message.decode(data).encode() == data


def faults(module, message, vector):
    """What came before a fault is handed out, and after it nothing is."""
    good = message.decode(bytes.fromhex(vector["bytes"])).frame()
    too_long = (0xFFFE).to_bytes(2, "little") + b"\xff\xff\xff\xff"
    reader = module.FrameReader()
    found = reader.feed(good + good + too_long + good)
    assert [type(next(found)), type(next(found))] == [message, message]
    for messages in (found, reader.feed(good)):
        try:
            next(messages)
        except module.DecodeError as error:
            assert error.kind == "too-long", error
        else:
            raise AssertionError("a frame after the stream's end")


CHECKS = {"valid": [valid, chance, other_types, faults], "invalid": [invalid]}


def main(module_path, folder):
    module = load(module_path)
    count = failures = 0
    for path in sorted(pathlib.Path(folder).glob("*/*.json")):
        file = json.loads(path.read_text())
        message = module.SETS[file["set"]][file["id"]]
        assert (message.NAME, message.MAX_LEN) == (file["message"], file["max_len"])
        for kind, checks in CHECKS.items():
            for vector in file[kind]:
                count += 1
                for check in checks:
                    try:
                        check(module, message, vector)
                    except Exception as error:
                        failures += 1
                        what = f"{check.__name__}: {vector['name']}: {error!r}"
                        print(f"{path}: {what}", file=sys.stderr)
    print(f"{count} vectors, {failures} failures")
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
