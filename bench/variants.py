"""The firmware's files with another code emitter: native machine code, or plain bytecode.

Only viper knows pointers. In the variants an array stands for its own pointer, and an address that
walks is an offset into its array; the few kernels that look at an array with another word size
than its own get a replacement.
"""

import ast
import re
import shutil
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
EMITTERS = ("native", "bytecode")

POINTERS = """
def _pointer(x):
    return x
ptr8 = ptr16 = ptr32 = _pointer
"""
# An int32 array read by halfwords.
READ_BY_HALVES = {
    "windows.py": {
        "    a = ptr16(axis)\n": "",
        "(a[0] ^ 0x8000) - 0x8000": "axis[0]",
        "(a[2] ^ 0x8000) - 0x8000": "axis[1]",
        "(a[4] ^ 0x8000) - 0x8000": "axis[2]",
    }
}
# int16 frames copied by words; appended, so that it takes the place of what stands above.
COPIED_BY_WORDS = {
    "ring.py": """
DECORATOR
def _copy_in(head, offset, frames, tail, ring, source, mask, words):
    width = words + words
    room = mask + 1 - head + tail
    if frames > room:
        frames = room
    end = offset + frames * width
    while offset < end:
        i = (head & mask) * width
        stop = i + width
        while i < stop:
            ring[i] = source[offset]
            i += 1
            offset += 1
        head += 1
    return frames

DECORATOR
def _repeat_last(ring, head, mask, words, frames):
    width = words + words
    last = ((head - 1) & mask) * width
    while frames > 0:
        i = (head & mask) * width
        k = 0
        while k < width:
            ring[i + k] = ring[last + k]
            k += 1
        head += 1
        frames -= 1
"""
}


_ADDRESS = r"int\(ptr(?:8|16|32)\((\w+)\)\)"


class _Offsets(ast.NodeTransformer):
    """int(ptr16(x)) + 4 becomes the offset 4, and ptr16(of that)[1] becomes x[(offset >> 1) + 1].

    What an address variable points into is what it was last made from, in the order of the text.
    """

    def __init__(self) -> None:
        self.points_into: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:  # noqa: N802
        self.points_into = {}
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:  # noqa: N802
        target = node.targets[0]
        if isinstance(target, ast.Name):
            into = self._array_of(node.value)
            self.generic_visit(node)
            if into:
                self.points_into[target.id] = into
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802
        if re.fullmatch(_ADDRESS, ast.unparse(node)):
            return ast.copy_location(ast.Constant(0), node)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        found = re.fullmatch(r"ptr(8|16|32)\((\w+)\)", ast.unparse(node.value))
        if found and (into := self.points_into.get(found[2])):
            shift = {"8": 0, "16": 1, "32": 2}[found[1]]
            index = f"({found[2]} >> {shift}) + {ast.unparse(node.slice)}"
            node.value = ast.Name(into, ast.Load())
            node.slice = ast.parse(index, mode="eval").body
        return node

    def _array_of(self, value: ast.expr) -> str | None:
        for part in ast.walk(value):
            if found := re.fullmatch(_ADDRESS, ast.unparse(part)):
                return found[1]
            if isinstance(part, ast.Subscript):
                return None
        names = [part.id for part in ast.walk(value) if isinstance(part, ast.Name)]
        return next((self.points_into[name] for name in names if name in self.points_into), None)


def write_variant(emitter: str, folder: Path) -> Path:
    """Copy the firmware to `folder` with viper replaced; `emitter` is one of EMITTERS."""
    decorator = "@micropython.native\n" if emitter == "native" else ""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("*.json", "__pycache__"))
    for path in folder.rglob("*.py"):
        source = path.read_text()
        if "@micropython.viper\n" not in source:
            continue
        for text, other in READ_BY_HALVES.get(path.name, {}).items():
            source = source.replace(text, other)
        if "int(ptr" in source:
            source = ast.unparse(_Offsets().visit(ast.parse(source))) + "\n"
        # Bytecode does not know what a pointer in a signature is.
        source = re.sub(r"(\w+): ptr(8|16|32)\b", r"\1", source)
        source = source.replace("@micropython.viper\n", decorator)
        source = source.replace("import micropython\n", "import micropython\n" + POINTERS, 1)
        source += COPIED_BY_WORDS.get(path.name, "").replace("DECORATOR\n", decorator)
        path.write_text(source)
    return folder
