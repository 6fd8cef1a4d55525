"""Arithmetic."""

from __future__ import annotations

import math
import random
from typing import Literal, Self

from pydantic import model_validator

from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.primitives import FloatOutput, IntegerOutput
from invoke_tui.nodes.registry import node

IntegerOperation = Literal["ADD", "SUB", "MUL", "DIV", "EXP", "MOD", "ABS", "MIN", "MAX"]
FloatOperation = Literal["ADD", "SUB", "MUL", "DIV", "EXP", "ABS", "SQRT", "MIN", "MAX"]
RoundingMethod = Literal["Nearest", "Floor", "Ceiling", "Truncate"]

MAX_BITS = 4096
"""Longer results of an exponentiation are refused: they would only stall the worker."""


def divide(a: int, b: int) -> int:
    """Division that rounds towards zero, exact for any size."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


@node("add", title="Add Integers", version="1.0.1", category="math")
class AddInvocation(Invocation):
    """a + b."""

    a: int = Input(0)
    b: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=self.a + self.b)


@node("sub", title="Subtract Integers", version="1.0.1", category="math")
class SubtractInvocation(Invocation):
    """a - b."""

    a: int = Input(0)
    b: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=self.a - self.b)


@node("mul", title="Multiply Integers", version="1.0.1", category="math")
class MultiplyInvocation(Invocation):
    """a * b."""

    a: int = Input(0)
    b: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=self.a * self.b)


@node("div", title="Divide Integers", version="1.0.1", category="math")
class DivideInvocation(Invocation):
    """a / b, rounded towards zero."""

    a: int = Input(0)
    b: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=divide(self.a, self.b))


@node("integer_math", title="Integer Math", version="1.0.1", category="math")
class IntegerMathInvocation(Invocation):
    """One of nine operations on whole numbers."""

    operation: IntegerOperation = Input("ADD")
    a: int = Input(1)
    b: int = Input(1)

    @model_validator(mode="after")
    def _representable(self) -> Self:
        if self.operation in ("DIV", "MOD") and self.b == 0:
            raise ValueError("Cannot divide by zero")
        if self.operation == "EXP" and self.b < 0:
            raise ValueError("The result of the exponentiation is not a whole number")
        if self.operation == "EXP" and abs(self.a) > 1 and self.a.bit_length() * self.b > MAX_BITS:
            raise ValueError("The result of the exponentiation is too long")
        return self

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        a, b = self.a, self.b
        match self.operation:
            case "ADD":
                value = a + b
            case "SUB":
                value = a - b
            case "MUL":
                value = a * b
            case "DIV":
                value = divide(a, b)
            case "EXP":
                value = a**b
            case "MOD":
                value = a % b
            case "ABS":
                value = abs(a)
            case "MIN":
                value = min(a, b)
            case _:
                value = max(a, b)
        return IntegerOutput(value=value)


@node("float_math", title="Float Math", version="1.0.1", category="math")
class FloatMathInvocation(Invocation):
    """One of nine operations on numbers."""

    operation: FloatOperation = Input("ADD")
    a: float = Input(1)
    b: float = Input(1)

    @model_validator(mode="after")
    def _representable(self) -> Self:
        if self.operation == "DIV" and self.b == 0:
            raise ValueError("Cannot divide by zero")
        if self.operation == "EXP" and self.a == 0 and self.b < 0:
            raise ValueError("Cannot raise zero to a negative power")
        if self.operation == "EXP" and self.a < 0 and not self.b.is_integer():
            raise ValueError("The root is a complex number")
        if self.operation == "SQRT" and self.a < 0:
            raise ValueError("The square root of a negative number is a complex number")
        return self

    def invoke(self, ctx: InvocationContext) -> FloatOutput:
        a, b = self.a, self.b
        match self.operation:
            case "ADD":
                value = a + b
            case "SUB":
                value = a - b
            case "MUL":
                value = a * b
            case "DIV":
                value = a / b
            case "EXP":
                value = math.pow(a, b)
            case "ABS":
                value = abs(a)
            case "SQRT":
                value = math.sqrt(a)
            case "MIN":
                value = min(a, b)
            case _:
                value = max(a, b)
        return FloatOutput(value=value)


@node("float_to_int", title="Float To Integer", version="1.0.1", category="math")
class FloatToIntegerInvocation(Invocation):
    """Rounds a number to a multiple of a whole number."""

    value: float = Input(0)
    multiple: int = Input(1, ge=1)
    method: RoundingMethod = Input("Nearest")

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        quotient = self.value / self.multiple
        match self.method:
            case "Nearest":
                whole = round(quotient)
            case "Floor":
                whole = math.floor(quotient)
            case "Ceiling":
                whole = math.ceil(quotient)
            case _:
                whole = math.trunc(quotient)
        return IntegerOutput(value=whole * self.multiple)


@node("round_float", title="Round Float", version="1.0.1", category="math")
class RoundInvocation(Invocation):
    """Rounds a number to some decimals."""

    value: float = Input(0)
    decimals: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> FloatOutput:
        return FloatOutput(value=round(self.value, self.decimals))


@node("rand_int", title="Random Integer", version="1.0.1", category="math", cacheable=False)
class RandomIntInvocation(Invocation):
    """A random whole number, ``low`` <= n < ``high``."""

    low: int = Input(0)
    high: int = Input(2**31 - 1)
    use_cache: bool = False

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=random.SystemRandom().randrange(self.low, self.high))


@node("rand_float", title="Random Float", version="1.0.1", category="math", cacheable=False)
class RandomFloatInvocation(Invocation):
    """A random number between ``low`` and ``high``."""

    low: float = Input(0.0)
    high: float = Input(1.0)
    decimals: int = Input(2)
    use_cache: bool = False

    def invoke(self, ctx: InvocationContext) -> FloatOutput:
        return FloatOutput(value=round(random.SystemRandom().uniform(self.low, self.high), self.decimals))
