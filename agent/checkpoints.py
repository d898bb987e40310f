"""LangGraph's checkpoints, only the latest of each episode kept.

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


class LatestCheckpoint(AsyncSqliteSaver):
    """An AsyncSqliteSaver that forgets a thread's older checkpoints at each put."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, then drop its predecessors and their writes."""
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        place: dict[str, Any] = stored["configurable"]
        older = (place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"])
        async with self.lock:
            for table in ("checkpoints", "writes"):
                await self.conn.execute(
                    f"DELETE FROM {table} "  # noqa: S608 -- two fixed names
                    "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
                    older,
                )
            await self.conn.commit()
        return stored


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator[LatestCheckpoint]:
    """A checkpointer on a file of the run directory."""
    async with aiosqlite.connect(path) as connection:
        saver = LatestCheckpoint(connection)
        await saver.setup()
        yield saver
