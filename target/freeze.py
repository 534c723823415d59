"""The application as part of the interpreter's own image: .mpy files turned into one C file.

Bytecode, machine code, names and constants lie in the image, where they are executed and read in
place; the heap only takes what importing makes: dictionaries, functions, classes. MicroPython's
own tools do the same for the ESP32 (tools/mpy-tool.py, with firmware/boards/manifest.py); they are
not in the source package from which the emulated machines are built.

Layout of the structures: py/qstr.h, py/bc.h, py/emitglue.h, py/frozenmod.c.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from target.mpy_file import BYTECODE, GENERATOR, VIPER, Constant, Known, Mpy, RawCode, read_mpy

_NAME = re.compile(r'^QDEF([01])\(\w+, \d+, \d+, (".*")\)$', re.MULTILINE)
_SMALL_BITS = 30  # of a small integer, and its sign, in a word of 32 bits
_DIGIT_BITS = 16  # of a larger one's digits (py/mpz.h)
_FIRST_POOL = (
    10  # as MICROPY_ALLOC_QSTR_ENTRIES_INIT: names made at run time get room for twice that
)
_KNOWN = {
    Known.FUN_TABLE: "MP_ROM_PTR(&mp_fun_table)",
    Known.NONE: "MP_ROM_NONE",
    Known.FALSE: "MP_ROM_FALSE",
    Known.TRUE: "MP_ROM_TRUE",
    Known.ELLIPSIS: "MP_ROM_PTR(&mp_const_ellipsis_obj)",
}
_HEAD = """\
// Made by target/freeze.py.
#include "py/bc.h"
#include "py/emitglue.h"
#include "py/nativeglue.h"
#include "py/objint.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/qstr.h"
#include "py/smallint.h"

_Static_assert(MICROPY_QSTR_BYTES_IN_HASH == 2 && MICROPY_QSTR_BYTES_IN_LEN == 1, "names");
_Static_assert(MP_SMALL_INT_MAX == (1 << 30) - 1 && MPZ_DIG_SIZE == 16, "integers");
"""


def known_names(generated: Path) -> list[str]:
    """The interpreter's own names by number, from its genhdr/qstrdefs.generated.h."""
    found = _NAME.findall(generated.read_text())
    # Those of QDEF0 come first, wherever they stand.
    return [ast.literal_eval(text) for pool in "01" for which, text in found if which == pool]


def frozen_c(folder: Path, known: Sequence[str]) -> str:
    """C for every .mpy file below `folder`, whose paths there are the modules' names.

    Raises ValueError for what cannot be frozen.
    """
    paths = sorted(folder.rglob("*.mpy"))
    modules = {path.relative_to(folder).with_suffix(".py"): read_mpy(path) for path in paths}
    image = _Image(_Names(known, modules.values()))
    tops = [image.module(module) for module in modules.values()]
    listed = "".join(f'    "{path.as_posix()}\\0"\n' for path in modules)
    contents = "".join(f"    &{name},\n" for name in tops)
    return "\n".join(
        [
            _HEAD,
            image.names.pool(),
            *image.lines,
            f"const char mp_frozen_names[] =\n{listed};",
            f"const mp_frozen_module_t *const mp_frozen_mpy_content[] = {{\n{contents}}};\n",
        ]
    )


class _Names:
    """Numbers of names: the interpreter's own, and behind them, sorted, those that it lacks."""

    def __init__(self, known: Sequence[str], modules: Iterable[Mpy]) -> None:
        self._number = {name: i for i, name in enumerate(known)}
        self._known = len(known)
        used = {name for module in modules for name in module.names if isinstance(name, str)}
        self._more = sorted(used - self._number.keys(), key=str.encode)
        self._number.update({name: self._known + i for i, name in enumerate(self._more)})

    def number(self, name: str | int) -> int:
        return name if isinstance(name, int) else self._number[name]

    def find(self, text: str) -> int | None:
        return self._number.get(text)

    def pool(self) -> str:
        hashes = _numbers(_hash(name.encode()) for name in self._more)
        lengths = _numbers(len(name.encode()) for name in self._more)
        texts = "".join(f"    {_text(name.encode())},\n" for name in self._more)
        return (
            f'_Static_assert(MP_QSTRnumber_of == {self._known}, "other names");\n'
            f"static const qstr_hash_t hashes[] = {hashes};\n"
            f"static const qstr_len_t lengths[] = {lengths};\n"
            "extern const qstr_pool_t mp_qstr_const_pool;\n"
            "const qstr_pool_t mp_qstr_frozen_const_pool = {\n"
            f"    &mp_qstr_const_pool, MP_QSTRnumber_of, true, {_FIRST_POOL}, {len(self._more)},\n"
            f"    (qstr_hash_t *)hashes, (qstr_len_t *)lengths, {{\n{texts}}}}};\n"
        )


@dataclass
class _Image:
    names: _Names
    lines: list[str] = field(default_factory=list)
    _made: int = 0

    def module(self, module: Mpy) -> str:
        """The C name of its mp_frozen_module_t."""
        names = _numbers(self.names.number(name) for name in module.names)
        constants = ", ".join(self._constant(one) for one in module.constants)
        top = self._function(module.code)
        name_table, constant_table = self._name("names"), self._name("constants")
        self.lines += [
            f"static const qstr_short_t {name_table}[] = {names};",
            f"static const mp_rom_obj_t {constant_table}[] = {{{constants or 'MP_ROM_NONE'}}};",
        ]
        tables = f"(qstr_short_t *){name_table}, (mp_obj_t *){constant_table}"
        return self._put("const mp_frozen_module_t", "module", f"{{{{{tables}}}, {top}}}")

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"

    def _put(self, type_: str, kind: str, value: str) -> str:
        name = self._name(kind)
        self.lines.append(f"static {type_} {name} = {value};")
        return name

    def _function(self, raw: RawCode) -> str:
        """A pointer to it as mp_proto_fun_t: to bytecode itself, or to its mp_raw_code_t."""
        if raw.kind == BYTECODE:
            code = self._name("bytecode")
            self.lines.append(f"static const uint8_t {code}[] = {_numbers(raw.code)};")
            if not raw.children:
                return code
            flags = _scope_flags(raw.code)
        elif raw.kind == VIPER:
            code = self._machine_code(raw.code)
            flags = raw.flags
        else:
            raise ValueError("native code cannot be frozen here; the firmware has none but viper's")
        children = "NULL"
        if raw.children:
            pointers = ", ".join(self._function(child) for child in raw.children)
            children = self._name("children")
            self.lines.append(f"static const void *const {children}[] = {{{pointers}}};")
        generator = "true" if flags & GENERATOR else "false"
        value = f"{{{{0}}, {raw.kind}, {generator}, {code}, (mp_raw_code_t **){children}}}"
        return "&" + self._put("const mp_raw_code_t", "raw", value)

    def _machine_code(self, code: bytes) -> str:
        """Beside the interpreter's own, where it may run."""
        name = self._name("viper")
        self.lines.append(
            f"extern const uint8_t {name}[];\n"
            f'__asm(".section .text.frozen, \\"ax\\"\\n .align 4\\n {name}:\\n"\n'
            f'      " .byte {", ".join(map(str, code))}\\n .text\\n");'
        )
        return name

    def _constant(self, value: Constant) -> str:
        if isinstance(value, Known):
            return _KNOWN[value]
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, tuple):
            items = ", ".join(self._constant(one) for one in value)
            return self._object(
                "mp_rom_obj_tuple_t", "tuple", f"&mp_type_tuple}}, {len(value)}, {{{items}}}"
            )
        data = value.encode() if isinstance(value, str) else value
        number = self.names.find(value) if isinstance(value, str) else None
        if number is not None:
            return f"MP_ROM_QSTR({number})"
        if not data:
            return "MP_ROM_PTR(&mp_const_empty_bytes_obj)"
        kind = "str" if isinstance(value, str) else "bytes"
        text = f"&mp_type_{kind}}}, {_hash(data)}, {len(data)}, (const byte *){_text(data)}"
        return self._object("mp_obj_str_t", kind, text)

    def _integer(self, value: int) -> str:
        if -(1 << _SMALL_BITS) <= value < 1 << _SMALL_BITS:
            return f"MP_ROM_INT({value})"
        digits = []
        rest = abs(value)
        while rest:
            digits.append(rest & (1 << _DIGIT_BITS) - 1)
            rest >>= _DIGIT_BITS
        n = len(digits)
        table = self._name("digits")
        self.lines.append(f"static const mpz_dig_t {table}[] = {_numbers(digits)};")
        mpz = f"{{{int(value < 0)}, 1, {n}, {n}, (mpz_dig_t *){table}}}"
        return self._object("mp_obj_int_t", "integer", f"&mp_type_int}}, {mpz}")

    def _object(self, type_: str, kind: str, value: str) -> str:
        return f"MP_ROM_PTR(&{self._put(f'const {type_}', kind, f'{{{{{value}}}')})"


def _scope_flags(bytecode: bytes) -> int:
    """Out of the prelude's first number (py/bc.h, MP_BC_PRELUDE_SIG_DECODE_INTO)."""
    flags = at = 0
    while bytecode[at] & 0x80:
        flags |= (bytecode[at + 1] >> 6 & 1) << at
        at += 1
    return flags


def _hash(data: bytes) -> int:
    """qstr_compute_hash of py/qstr.c."""
    value = 5381
    for byte in data:
        value = (value * 33 ^ byte) & 0xFFFFFFFF
    return value & 0xFFFF or 1


def _numbers(values: Iterable[int]) -> str:
    return "{" + ", ".join(map(str, values)) + "}"


def _text(data: bytes) -> str:
    """A C string; octal, as hexadecimal escapes have no end."""
    plain = {byte: chr(byte) for byte in range(0x20, 0x7F) if chr(byte) not in '"\\?'}
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in data) + '"'
