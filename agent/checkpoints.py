"""LangGraph's checkpoints, only the latest few of each episode kept.

The memory file is the commit point; a checkpoint only says where in a step the loop was. Kept whole,
they would grow with every superstep (1.8 KB each) for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.errors import StorageFailed

# Deleting at each put would cost as much as the put; so few rows cost nothing to keep.
KEPT = 32


class LatestCheckpoints(AsyncSqliteSaver):
    """An AsyncSqliteSaver that keeps at most KEPT checkpoints of each thread, the newest ones.

    Raises StorageFailed where the disk refuses a write.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self._puts: Counter[str] = Counter()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; every KEPT puts, drop its predecessors and their writes."""
        with _disk_errors_named():
            stored = await super().aput(config, checkpoint, metadata, new_versions)
            thread = stored["configurable"]["thread_id"]
            self._puts[thread] += 1
            if self._puts[thread] % KEPT == 0:
                await self._forget_older(stored["configurable"])
        return stored

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store what a node wrote."""
        with _disk_errors_named():
            await super().aput_writes(config, writes, task_id, task_path)

    async def _forget_older(self, place: dict[str, Any]) -> None:
        older = (place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"])
        async with self.lock:
            for table in ("checkpoints", "writes"):
                await self.conn.execute(
                    f"DELETE FROM {table} "
                    "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
                    older,
                )
            await self.conn.commit()


@contextmanager
def _disk_errors_named() -> Iterator[None]:
    try:
        yield
    except aiosqlite.OperationalError as error:
        raise StorageFailed(
            f"cannot write the checkpoints: {error}; free space or use another --out"
        ) from error


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator[LatestCheckpoints]:
    """A checkpointer on a file of the run directory."""
    async with aiosqlite.connect(path) as connection:
        saver = LatestCheckpoints(connection)
        with _disk_errors_named():
            await saver.setup()
        yield saver
