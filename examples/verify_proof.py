"""Check a proof from a membership ledger, without the ledger and without its library (RFC 9162, 2.1.3 and 2.1.4).

    python verify_proof.py proof.json checkpoint.txt [earlier-checkpoint.txt]

Checkpoints are what was published: lines of an origin, a number of records, and a root in base64. A proof of inclusion
needs one, a proof of growth two. It ends with 0 for what is right, 2 for what is wrong, 1 for what cannot be read.
"""

import base64
import hashlib
import json
import pathlib
import sys


def check(proof, size, root, old_size=0, old_root=b""):
    path, empty = [bytes.fromhex(one) for one in proof["path"]], hashlib.sha256().digest()
    if proof["proof"] == "inclusion":
        columns = proof["columns"]
        text = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
        leaf, place = hashlib.sha256(b"\0" + text).digest(), columns[0] - 1
        right = 0 <= place < size and climb(place, size - 1, leaf, path)[1] == root
        return right and f"record {columns[0]} of {size} is {columns[4]} {columns[12]}"
    if old_size in (0, size):
        right = not path and old_root == (root if old_size else empty) and (size > 0 or (size, root) == (0, empty))
    else:
        place, last = old_size - 1, size - 1
        while place & 1:
            place, last = place >> 1, last >> 1
        first, *rest = (path or [b""]) if place else [old_root, *path]
        right = 0 < old_size < size and climb(place, last, first, rest) == (old_root, root)
    return right and f"{old_size} records became {size}, and none was changed"


def climb(place, last, first, path):
    """Give the roots that a path leads to: of the old tree, which ends at this place, and of the new one."""
    old = new = first
    for beside in path:
        if place & 1 or place == last:
            old, new = (hashlib.sha256(b"\1" + beside + one).digest() for one in (old, new))
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = hashlib.sha256(b"\1" + new + beside).digest()
        place, last = place >> 1, last >> 1 if last else -1  # a path that goes on above the root leads nowhere
    return (old, new) if last == 0 else (None, None)


def heads_in(checkpoints):
    heads = [text.split("\n")[1:3] for text in checkpoints]
    for size, root in sorted(((int(size), base64.b64decode(root)) for size, root in heads), reverse=True):
        yield from (size, root)


if __name__ == "__main__":
    proof, *checkpoints = (pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    found = check(json.loads(proof), *heads_in(checkpoints))
    print(f"right: {found}" if found else "WRONG: this does not lead to what was published")
    sys.exit(0 if found else 2)
