"""All rules over one environment, or over several with one other process."""

import pickle
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import Self

import envs
from envs.base import Description
from envs.check import again, misuse, scores, words
from envs.check.report import Broken, Finding, NotTried, Report
from envs.check.subject import Make, Subject
from envs.errors import EnvError
from envs.workers import Limits, Workers

SEED = 10_000
STEPS = 20
# In seconds: what one rule may take, games to be built included.
LIMIT_S = 300.0

Rule = Callable[[Subject], str]
"""Gives what was seen; raises `Broken`, or `NotTried` where it does not apply."""

RULES: dict[str, Rule] = {
    "spec is canonical, unknown options are refused": words.spec,
    "describes itself": words.description,
    "nothing works before a reset, bad seeds are refused": misuse.before_the_start,
    "answers have the contract's types": words.types,
    "the same seed is the same game": again.same_seed,
    "also in another process": again.another_process,
    "can be reset at any moment": again.reset,
    "two games do not mix": again.side_by_side,
    "leaves its surroundings alone": again.leaves_alone,
    "rewards add up to the score": scores.rewards,
    "the score never falls": scores.claims,
    "the walkthrough wins all points": scores.walkthrough,
    "no step after the end": misuse.after_the_end,
    "snapshots go on as the game does": again.snapshots,
    "hostile actions are answered": misuse.hostile,
    "pickling works or is refused": misuse.pickling,
    "closes": misuse.close,
}


class Checker:
    """Checks environments, one after the other; the other process that it needs is started once.

    A context manager. `steps` are those of the play at random; a rule that has not answered after
    `limit_s` seconds is broken, and the rest is not tried.
    """

    def __init__(
        self,
        *,
        make: Make = envs.make,
        seed: int = SEED,
        steps: int = STEPS,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._make, self._seed, self._steps, self._limit_s = make, seed, steps, limit_s
        self._workers: Workers | None = None
        if _can_be_sent(make):
            # Sets and dictionaries of that process must not be in this one's order by chance.
            told = Description("", "")
            limits = Limits(step_s=limit_s, reset_s=limit_s)
            self._workers = Workers("", told, 1, limits, make, {"PYTHONHASHSEED": "4711"})

    def check(self, spec: str) -> Report:
        """Hold one environment to all rules.

        Raises `UnknownEnvironment`, `SpecError` or `EnvUnavailable` where there is nothing to check.
        """
        begun = time.perf_counter()
        with closing(self._make(spec)) as env:
            name = env.spec
        subject = Subject(spec, self._make, self._seed, self._steps, self._workers)
        findings: list[Finding] = []
        for rule, holds in RULES.items():
            found = self._within_limit(rule, partial(_finding, rule, holds, subject))
            findings.append(found or Finding(rule, "broken", f"it hung for {self._limit_s:g} s"))
            if found is None:
                break
        findings += [Finding(rule, "not tried", "it hung") for rule in [*RULES][len(findings) :]]
        return Report(name, findings, time.perf_counter() - begun)

    def _within_limit(self, rule: str, find: Callable[[], Finding]) -> Finding | None:
        """What was found, or None where the limit passed first."""
        found: list[Finding] = []
        # A daemon: what hangs must not keep the program from ending.
        thread = threading.Thread(target=lambda: found.append(find()), name=rule, daemon=True)
        thread.start()
        thread.join(self._limit_s)
        return found[0] if found else None

    def close(self) -> None:
        """End the other process."""
        if self._workers is not None:
            self._workers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check(spec: str, *, make: Make = envs.make, seed: int = SEED, steps: int = STEPS) -> Report:
    """Hold one environment to the contract; see `Checker.check`."""
    with Checker(make=make, seed=seed, steps=steps) as checker:
        return checker.check(spec)


def assert_sound(
    spec: str, *, make: Make = envs.make, seed: int = SEED, steps: int = STEPS
) -> Report:
    """For tests: raise `AssertionError` with the whole report where a rule is broken."""
    report = check(spec, make=make, seed=seed, steps=steps)
    if not report.sound:
        raise AssertionError(str(report))
    return report


def _finding(rule: str, holds: Rule, subject: Subject) -> Finding:
    try:
        return Finding(rule, "kept", holds(subject))
    except NotTried as reason:
        return Finding(rule, "not tried", str(reason))
    except Broken as failure:
        return Finding(rule, "broken", str(failure))
    except EnvError as error:
        return Finding(rule, "broken", f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 (a stranger's code: its error is what was found)
        return Finding(rule, "broken", f"it raised {type(error).__name__}: {error}")


def _can_be_sent(make: Make) -> bool:
    try:
        pickle.dumps(make)
    except Exception:  # noqa: BLE001 (pickle raises whatever it likes for what it cannot name)
        return False
    return True
