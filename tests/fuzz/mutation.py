"""Bytes worth trying: what is kept, changed a little, and bytes that mean nothing at all."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

WORDS = (
    b"", b"\0", b"\xff", b"\xff\xff\xff\xff", b"-1", b"0", b"1e999", b"NaN", b"null", b"true",
    b"99999999999999999999999", b'"', b"{", b"}", b"[", b"]", b"[" * 5000, b'{"a":' * 2000, b",",
    b":", b"\n", b"\r\n", b"\t", b"&a ", b"*a", b"!!python/object:x", b"..", b"%", b"../../etc/x",
    b"0x" + b"f" * 5000, b"\xed\xa0\x80", "冷".encode(), b"a" * 20_000, b"<<: *a", b"---\n", b"#",
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with a few changes: bytes replaced, words put in, parts cut or doubled."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.sampled_from(("replace", "insert", "cut", "double", "flip"))):
            case "replace":
                data[at:end] = draw(st.binary(max_size=8) | st.sampled_from(WORDS))
            case "insert":
                data[at:at] = draw(st.sampled_from(WORDS))
            case "cut":
                del data[at:end]
            case "double":
                data[at:at] = data[at:end]
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


def anything(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Changed seeds and plain noise."""
    return changed(seeds) | st.binary(max_size=300)
