"""A few Xtensa instructions by hand: Debian's assembler knows no windowed ones.

Encodings: Xtensa Instruction Set Architecture Reference Manual, chapter 8, little-endian.
"""

from __future__ import annotations


def rrr(op2: int, op1: int, r: int, s: int, t: int) -> bytes:
    return (op2 << 20 | op1 << 16 | r << 12 | s << 8 | t << 4).to_bytes(3, "little")


def rri8(r: int, s: int, t: int, imm8: int) -> bytes:
    return ((imm8 & 0xFF) << 16 | r << 12 | s << 8 | t << 4 | 2).to_bytes(3, "little")


def add(r: int, s: int, t: int) -> bytes:
    return rrr(8, 0, r, s, t)


def sub(r: int, s: int, t: int) -> bytes:
    return rrr(12, 0, r, s, t)


def addx4(r: int, s: int, t: int) -> bytes:
    """a[r] = 4 a[s] + a[t]"""
    return rrr(10, 0, r, s, t)


def xor(r: int, s: int, t: int) -> bytes:
    return rrr(3, 0, r, s, t)


def mov(r: int, s: int) -> bytes:
    return rrr(2, 0, r, s, s)


def quos(r: int, s: int, t: int) -> bytes:
    return rrr(13, 2, r, s, t)


def rems(r: int, s: int, t: int) -> bytes:
    return rrr(15, 2, r, s, t)


def addi(t: int, s: int, value: int) -> bytes:
    return rri8(12, s, t, value)


def l32i(t: int, s: int, offset: int) -> bytes:
    return rri8(2, s, t, offset >> 2)


def s32i(t: int, s: int, offset: int) -> bytes:
    return rri8(6, s, t, offset >> 2)


def movi(t: int, value: int) -> bytes:
    return rri8(10, value >> 8 & 15, t, value)


def l32r(t: int, offset: int) -> bytes:
    """a[t] = the word `offset` bytes before this instruction's address, rounded up to 4."""
    return ((offset >> 2 & 0xFFFF) << 8 | t << 4 | 1).to_bytes(3, "little")


def branch_zero(m: int, s: int, over: int) -> bytes:
    """Skip `over` bytes behind it; m: 0 beqz, 2 bltz, 3 bgez."""
    return ((over - 1 & 0xFFF) << 12 | s << 8 | m << 6 | 0x16).to_bytes(3, "little")


def jump(over: int) -> bytes:
    return ((over - 1 & 0x3FFFF) << 6 | 6).to_bytes(3, "little")


def callx8(s: int) -> bytes:
    return (s << 8 | 0xE0).to_bytes(3, "little")


def entry(frame: int) -> bytes:
    """Open a window with a stack frame of so many bytes."""
    return (frame >> 3 << 12 | 1 << 8 | 0x36).to_bytes(3, "little")


BEQZ, BLTZ, BGEZ = 0, 2, 3
RETW = b"\x90\x00\x00"
SYSCALL = b"\x00\x50\x00"
EXIT, WRITE = 118, 13  # of Linux on Xtensa


def returning(body: bytes, frame: int = 32) -> bytes:
    """A windowed function whose result is in a2, padded to whole words."""
    code = entry(frame) + body + RETW
    return code + bytes(-len(code) % 4)


# py/smallint.c, in instructions: a2 over a3, rounded down.
FLOOR_DIVIDE = returning(
    branch_zero(BLTZ, 2, 12)
    + branch_zero(BGEZ, 3, 18)
    + sub(2, 2, 3)
    + addi(2, 2, -1)
    + jump(9)
    + branch_zero(BLTZ, 3, 6)
    + sub(2, 2, 3)
    + addi(2, 2, 1)
    + quos(2, 2, 3)
)
# The remainder of that: it has the sign of the divisor.
MODULO = returning(
    rems(4, 2, 3)
    + branch_zero(BEQZ, 4, 9)
    + xor(5, 4, 3)
    + branch_zero(BGEZ, 5, 3)
    + add(4, 4, 3)
    + mov(2, 4)
)
FIRST_ARGUMENT = returning(b"")
ZERO = returning(movi(2, 0))
# (function object, how many arguments, arguments): its code is its third word.
CALL_FUNCTION = returning(
    mov(10, 2) + mov(11, 3) + movi(12, 0) + mov(13, 4) + l32i(8, 2, 8) + callx8(8) + mov(2, 10), 48
)
