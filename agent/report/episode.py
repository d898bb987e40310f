"""One episode as the tables count it: whose it is, which game it was, and its row."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from agent.results import EpisodeResult


class Episode(BaseModel):
    """An episode of an arm in a family of games."""

    model_config = ConfigDict(frozen=True)

    arm: str
    family: str
    spec: str
    seed: int
    row: EpisodeResult

    @property
    def unbuilt(self) -> bool:
        """Whether the environment could not make this game."""
        return self.row.unbuilt
