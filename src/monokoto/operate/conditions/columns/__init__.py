"""A checked expression compiled to steps over columns."""

from monokoto.operate.conditions.columns.compiling import compile_tree
from monokoto.operate.conditions.columns.step import Context, Step, vector_of

__all__ = ["Context", "Step", "compile_tree", "vector_of"]
