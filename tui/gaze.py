"""Where a person looks: at what goes on now, or back at a step or at another episode."""

from __future__ import annotations

from tui.session import Session
from tui.state import View
from tui.timeline import Timeline


class Gaze:
    """Which view of a session is looked at. It stays where it is while the run goes on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.step: int | None = None
        """None: the newest of the episode that is looked at."""
        self._of: tuple[Timeline, int] | None = None

    @property
    def view(self) -> View:
        """What is looked at."""
        return self._session.timeline.at(self.step)

    @property
    def back(self) -> bool:
        """Whether it is anything but the present."""
        return self.step is not None or not self._session.at_present

    def turn_to(self, step: int | None) -> None:
        """Look at a step of the episode that is open; None: at its newest."""
        timeline = self._session.timeline
        self.step, self._of = step, (timeline, timeline.live.episode)

    def to_now(self) -> None:
        """Look at what is played now; of a record, at its end."""
        self._session.follow()
        self.turn_to(None)

    def lost(self) -> bool:
        """Whether the next episode has taken the place of the one that was looked back at.

        Its steps are no longer at hand, and what is looked at is the present then.
        """
        timeline = self._session.timeline
        if self.step is None or self._of is None or self._of[0] is not timeline:
            return False
        if self._of[1] == timeline.live.episode:
            return False
        self.to_now()
        return True
