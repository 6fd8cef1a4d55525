"""Runs one item: walks its graph, answers from the cache where it can, and reports how it ended.

Nothing an item does ends the process, except a device that is broken: that is reported as fatal, and the process
is replaced.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable

from invoke_tui.domain.errors import CanceledError, StudioError
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.protocol import EngineSettings, ItemCanceled, ItemDone, ItemFailed, RunItem
from invoke_tui.domain.text import safe_text
from invoke_tui.nodes.base import Output
from invoke_tui.nodes.cache import InvocationCache
from invoke_tui.nodes.execution import GraphExecution, ReadyNode
from invoke_tui.nodes.validate import require_valid
from invoke_tui.worker.context import NodeContext
from invoke_tui.worker.facade import EngineFacade
from invoke_tui.worker.item_state import ItemState, Stored
from invoke_tui.worker.link import Link
from invoke_tui.worker.previews import PreviewSender

MESSAGE_LIMIT = 2000
TRACEBACK_LIMIT = 20_000
OUT_OF_MEMORY = "out_of_memory"


class NodeFailedError(StudioError):
    """A node raised something that was not made for people; the cause has the details."""


class SessionRunner:
    """Runs items one after the other. Outputs of unchanged nodes are kept from item to item."""

    def __init__(
        self,
        engine: EngineFacade,
        settings: EngineSettings,
        link: Link,
        *,
        must_stop: Callable[[int], bool],
        was_canceled: Callable[[int], bool],
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._link = link
        self._must_stop = must_stop
        self._was_canceled = was_canceled
        self._previews = PreviewSender(link)
        self.cache: InvocationCache[Stored] = InvocationCache(settings.node_cache_size)
        self._records: dict[str, ModelRecord] = {}
        self._embeddings: set[str] = set()

    def close(self) -> None:
        """Let go of everything."""
        self.cache.clear()
        try:
            self._engine.free()
        except Exception:  # the process ends anyway; a broken device must not make it look like a crash
            traceback.print_exc()

    def run(self, item: RunItem) -> bool:
        """Run an item and report its end; true when the device is broken and the process must be replaced.

        An item that stops because the worker shuts down has no end to report: it is nobody's wish that it be canceled,
        and it will be run again.
        """
        report: ItemDone | ItemCanceled | ItemFailed
        try:
            self._run(item)
            report = ItemDone(item_id=item.item_id, attempt=item.attempt)
        except CanceledError:
            if self._must_stop(item.item_id) and not self._was_canceled(item.item_id):
                return False
            report = ItemCanceled(item_id=item.item_id, attempt=item.attempt)
        except (Exception, SystemExit) as error:
            report = self._failed(item, error)
        self._previews.drop()
        if not isinstance(report, ItemDone):
            gc.collect()  # the stack of the error held tensors
        self._link.send(report)
        return isinstance(report, ItemFailed) and report.fatal

    def _run(self, item: RunItem) -> None:
        state = ItemState(item, self._engine, self._settings, self._link, self._previews, self._must_stop)
        state.check_cancel()
        require_valid(item.graph)
        self._learn_models(item.models)
        execution = GraphExecution(item.graph)
        while (ready := execution.next()) is not None:
            state.check_cancel()
            execution.complete(ready.id, self._output(state, ready))
        if not execution.is_complete():
            raise NodeFailedError("Some nodes of the graph could not run: what they need never came.")

    def _output(self, state: ItemState, ready: ReadyNode) -> Output:
        """From the cache, or by running the node."""
        invocation = ready.invocation
        known = self.cache.find(invocation)
        if known is not None:
            state.store.update(known.held)
            return known.output.model_copy(deep=True)
        context = NodeContext(state, ready.id, ready.node, invocation.spec.type)
        context.progress(invocation.spec.title)
        try:
            output = invocation.invoke(context)
        except StudioError:
            raise
        except Exception as error:
            if is_fatal(error):
                raise
            reason = str(error) or type(error).__name__
            raise NodeFailedError(f"{ready.node} ({invocation.spec.type}): {reason}") from error
        self.cache.keep(invocation, output, state.store)
        return output

    def _learn_models(self, models: dict[str, ModelRecord]) -> None:
        """Tell the engine; outputs made with a model that has changed since are not used again.

        A prompt's node does not say which embeddings it was encoded with: others than before make it another prompt.
        """
        embeddings = {key for key, record in models.items() if record.type is ModelType.EMBEDDING}
        changed = any(key in self._records and self._records[key] != record for key, record in models.items())
        if changed or embeddings != self._embeddings:
            self.cache.clear()
        self._embeddings = embeddings
        self._records.update(models)
        self._engine.use_models(models)

    def _failed(self, item: RunItem, error: BaseException) -> ItemFailed:
        traceback.print_exception(error)
        cause = error.__cause__ if isinstance(error, NodeFailedError) and error.__cause__ else error
        if getattr(error, "code", "") == OUT_OF_MEMORY or isinstance(cause, MemoryError):
            self.cache.clear()
        text = error.message if isinstance(error, StudioError) else str(error) or type(error).__name__
        return ItemFailed(
            item_id=item.item_id,
            attempt=item.attempt,
            error_type=type(cause).__name__,
            message=safe_text(text, limit=MESSAGE_LIMIT),
            hint=safe_text(getattr(error, "hint", ""), limit=MESSAGE_LIMIT),
            traceback=safe_text(
                "".join(traceback.format_exception(error))[-TRACEBACK_LIMIT:],
                limit=TRACEBACK_LIMIT,
                multiline=True,
            ),
            fatal=is_fatal(error),
        )


def is_fatal(error: BaseException) -> bool:
    """Whether no further item can run in this process: the engine's word for it is ``fatal`` or ``device_lost``."""
    return bool(getattr(error, "fatal", False)) or getattr(error, "code", "") == "device_lost"
