"""A question, and one answer or a few: think in bursts, answer slowly."""

from envs.base import Description
from envs.errors import EnvFailed
from envs.guarded import GuardedEnv, Turn
from envs.reasoning.answers import MAX_CHARS
from envs.reasoning.library import Question
from envs.reasoning.options import Attempts
from envs.text import plain

# What somebody says who has not read the question.
GUESSES = (*map(str, range(11)), "yes", "no", "true", "false", *"ABCDE")


class ReasoningEnv(GuardedEnv):
    """One task: each seed is a question, each action an answer, scored by the task's own verifier.

    The score is that of the best answer so far, from 0 to 1; some verifiers give a little for an
    answer that is wrong in the right form.
    """

    blocks = True  # some questions take seconds to make
    score_never_falls = True

    def __init__(self, spec: str, task: str, options: Attempts) -> None:
        """No question is made before the first reset."""
        self.spec, self.options = spec, options
        self._task, self._attempts = task, options.attempts
        self._settings = options.for_library()
        self._question: Question | None = None
        self._given = 0
        self._best = 0.0

    def describe(self) -> Description:
        """How to answer; the question is the first observation."""
        return Description(
            "Answer the question.",
            "Your command is your answer and nothing else, such as: 42. \\n in it starts a new line.",
            GUESSES,
        )

    def clean(self, action: str) -> str:
        """The answer in plain text, in as many lines as it has."""
        text = plain(action[: 2 * MAX_CHARS]).strip().replace("\\n", "\n")
        for said in ("answer:", "answer "):
            if text.lower().startswith(said):
                text = text[len(said) :].strip()
        return text

    def begin(self, seed: int) -> Turn:
        """See `GuardedEnv.begin`."""
        self._question = Question(self._task, self._settings, seed)
        self._given, self._best = 0, 0.0
        several = f"\nYou may answer {self._attempts} times." if self._attempts > 1 else ""
        return self._told(self._question.text + several)

    def act(self, action: str) -> Turn:
        """See `GuardedEnv.act`."""
        self._given += 1
        score = self._now.score(action)
        self._best = max(self._best, score)
        left = self._attempts - self._given
        if score >= 1.0:
            return self._told("That is right.", over=True)
        if not left:
            return self._told("That is not right.", over=True)
        return self._told(f"That is not right. Answers left: {left}.")

    def solution(self) -> list[str] | None:
        """See `GuardedEnv.solution`."""
        answer = self._now.answer
        if answer is None or self._now.score(self.clean(answer)) < 1.0:
            return None
        return [answer]

    @property
    def _now(self) -> Question:
        if self._question is None:
            raise EnvFailed(f"{self.spec} has no question yet: reset it")
        return self._question

    def _told(self, text: str, *, over: bool = False) -> Turn:
        won = self._best >= 1.0
        return Turn(
            text=text,
            score=self._best,
            max_score=1.0,
            won=won,
            lost=over and not won,
            moves=self._given,
            over=over,
        )
