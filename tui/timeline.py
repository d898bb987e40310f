"""An episode's views, one a step, so that a person can walk through it while it goes on."""

from __future__ import annotations

from collections.abc import Iterable

from agent.events import Event, Opened, Stepped
from tui.state import View, reduce

MOST_KEPT = 4_000
"""Views that are kept of an episode; where older steps are asked for, the oldest of them is shown."""


class Timeline:
    """Folds events, and keeps the view after each step."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.live = View()
        self._steps: dict[int, View] = {}
        """Never changed, only replaced: others read it while a run's thread takes events."""
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """An event has happened."""
        view = reduce(self.live, event)
        steps = self._steps if view.episode == self.live.episode else {}
        if isinstance(event, Opened | Stepped):
            steps = {**steps, event.step: view}
            if len(steps) > MOST_KEPT:
                del steps[min(steps)]
        self._steps, self.live = steps, view

    @property
    def steps(self) -> list[int]:
        """The steps that can be shown."""
        return sorted(self._steps)

    def at(self, step: int | None) -> View:
        """The view after a step, or after the nearest one that is kept; None: as it is now."""
        steps = self._steps
        if step is None or not steps:
            return self.live
        return steps[max((each for each in steps if each <= step), default=min(steps))]

    def before(self, step: int | None) -> int | None:
        """The step before, from now or from a step; None where there is none."""
        known = self.steps
        if step is None:  # from now: the step that was shown last is the first one back
            return known[-1] if known else None
        return max((each for each in known if each < step), default=step)

    def after(self, step: int | None) -> int | None:
        """The step after; None where that is now."""
        if step is None:
            return None
        return min((each for each in self.steps if each > step), default=None)
