"""Work on texts."""

from __future__ import annotations

import re

from invoke_tui.domain.errors import BadInputError
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.primitives import StringOutput
from invoke_tui.nodes.registry import node, output


@output("string_2_output")
class String2Output(Output):
    """Two texts."""

    string_1: str
    string_2: str


@output("string_pos_neg_output")
class StringPosNegOutput(Output):
    """What to show and what not to show."""

    positive_string: str
    negative_string: str


@node("string_join", title="String Join", version="1.0.1", category="strings")
class StringJoinInvocation(Invocation):
    """Left and right, one after the other."""

    string_left: str = Input("")
    string_right: str = Input("")

    def invoke(self, ctx: InvocationContext) -> StringOutput:
        return StringOutput(value=self.string_left + self.string_right)


@node("string_join_three", title="String Join Three", version="1.0.1", category="strings")
class StringJoinThreeInvocation(Invocation):
    """Three texts, one after the other."""

    string_left: str = Input("")
    string_middle: str = Input("")
    string_right: str = Input("")

    def invoke(self, ctx: InvocationContext) -> StringOutput:
        return StringOutput(value=self.string_left + self.string_middle + self.string_right)


@node("string_split", title="String Split", version="1.0.1", category="strings")
class StringSplitInvocation(Invocation):
    """Cuts at the first ``delimiter``; at the first white space when it is blank."""

    string: str = Input("")
    delimiter: str = Input("")

    def invoke(self, ctx: InvocationContext) -> String2Output:
        parts = self.string.split(self.delimiter or None, 1)
        first, second = (*parts, "", "")[:2]
        return String2Output(string_1=first, string_2=second)


@node("string_split_neg", title="String Split Negative", version="1.0.1", category="strings")
class StringSplitNegInvocation(Invocation):
    """What stands in ``[...]`` goes to the negative text, the rest to the positive. ``\\[`` is a plain bracket."""

    string: str = Input("")

    def invoke(self, ctx: InvocationContext) -> StringPosNegOutput:
        positive: list[str] = []
        negative: list[str] = []
        depth = 0
        escaped = False
        for char in self.string:
            if char == "[" and not escaped:
                depth += 1
                negative.append(" ")
            elif char == "]" and not escaped:
                depth = max(depth - 1, 0)
            else:
                (negative if depth else positive).append(char)
            escaped = char == "\\" and not escaped
        return StringPosNegOutput(positive_string="".join(positive), negative_string="".join(negative))


@node("string_replace", title="String Replace", version="1.0.1", category="strings")
class StringReplaceInvocation(Invocation):
    """Replaces every occurrence: of a text, whatever its case, or of a regular expression."""

    string: str = Input("")
    search_string: str = Input("")
    replace_string: str = Input("")
    use_regex: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> StringOutput:
        if not self.search_string:
            return StringOutput(value=self.string)
        if not self.use_regex:
            pattern = re.compile(re.escape(self.search_string), re.IGNORECASE)
            return StringOutput(value=pattern.sub(lambda _match: self.replace_string, self.string))
        try:
            return StringOutput(value=re.sub(self.search_string, self.replace_string, self.string))
        except (re.error, IndexError) as error:
            raise BadInputError(
                f"search_string or replace_string is not a regular expression: {error}"
            ) from error
