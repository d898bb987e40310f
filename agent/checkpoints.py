"""LangGraph's checkpoints, only the latest few of each episode kept.

The memory file is the commit point; a checkpoint only says where in a step the loop was. Kept whole,
they would grow with every superstep (1.8 KB each) for nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

# Deleting at each put would cost as much as the put; so few rows cost nothing to keep.
KEPT = 32


class LatestCheckpoints(AsyncSqliteSaver):
    """An AsyncSqliteSaver that keeps at most KEPT checkpoints of each thread, the newest ones."""

    _puts = 0

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint; every KEPT puts, drop its predecessors and their writes."""
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        self._puts += 1
        if self._puts % KEPT == 0:
            await self._forget_older(stored["configurable"])
        return stored

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


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator[LatestCheckpoints]:
    """A checkpointer on a file of the run directory."""
    async with aiosqlite.connect(path) as connection:
        saver = LatestCheckpoints(connection)
        await saver.setup()
        yield saver
