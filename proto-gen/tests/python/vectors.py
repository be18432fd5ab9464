"""Holds the generated module MODULE against every vector under FOLDER.

Usage: python3 vectors.py MODULE.py FOLDER
"""

import importlib.util
import json
import pathlib
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
    assert value.to_json() == vector["value"] or same_addresses(value.to_json(), vector["value"])
    assert value.encode() == canonical, value.encode().hex()
    # The stream reader gives the same, whatever the pieces.
    reader = module.FrameReader()
    frame = value.frame()
    messages = [found for byte in frame for found in reader.feed(bytes([byte]))]
    assert [found.encode() for found in messages] == [canonical], messages


def same_addresses(ours, theirs):
    """Python writes an IPv4-mapped address as hex, others with dots: texts of one address."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            same_addresses(ours[key], theirs[key]) for key in ours
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same_addresses, ours, theirs))
    return ours == theirs or (
        isinstance(ours, str) and address(ours) is not None and address(ours) == address(theirs)
    )


def address(text):
    import ipaddress

    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
    try:
        return ipaddress.ip_address(host), port
    except ValueError:
        return None


def invalid(module, message, vector):
    given = bytes.fromhex(vector["bytes"])
    try:
        value = message.decode(given)
    except module.DecodeError as error:
        found = (error.kind, error.offset, error.path)
        assert found == (vector["class"], vector["offset"], vector["path"]), str(error)
    else:
        raise AssertionError(f"accepted as {value}")


def main(module_path, folder):
    module = load(module_path)
    count = failures = 0
    for path in sorted(pathlib.Path(folder).glob("*/*.json")):
        file = json.loads(path.read_text())
        message = module.SETS[file["set"]][file["id"]]
        assert (message.NAME, message.MAX_LEN) == (file["message"], file["max_len"])
        for kind, check in (("valid", valid), ("invalid", invalid)):
            for vector in file[kind]:
                count += 1
                try:
                    check(module, message, vector)
                except Exception as error:
                    failures += 1
                    print(f"{path}: {kind}: {vector['name']}: {error!r}", file=sys.stderr)
    print(f"{count} vectors, {failures} failures")
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
