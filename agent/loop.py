"""The loop, wiring only: what each node does stands in nodes.py.

observe -> think -> [window over its high-water mark?] -- no --> act -> step -> observe ...
                          | yes                           ^
                          v                               |
                      summarise -> commit -> prune -------+
                          | twice refused        ^
                          +----> evict ----------+
"""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agent import nodes
from agent.state import EpisodeContext, State

# More than the supersteps of one step of an episode: observe, think, act, two summaries that the model
# asked for and their commits, prune, act, step.
SUPERSTEPS_PER_STEP = 16


Loop = CompiledStateGraph[State, EpisodeContext, State, State]


def build_loop() -> Loop:
    """The compiled graph: one invocation an episode, with its EpisodeContext, many at once.

    It has no checkpointer: a resume starts from the last committed step, which the memory file knows.
    """
    graph = StateGraph(State, context_schema=EpisodeContext)
    for node in (
        nodes.observe,
        nodes.think,
        nodes.summarise,
        nodes.commit,
        nodes.evict,
        nodes.prune,
        nodes.act,
        nodes.step,
    ):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "observe")
    graph.add_conditional_edges("observe", after_observe, ["think", "summarise", END])
    graph.add_conditional_edges("think", after_think, ["summarise", "evict", "act"])
    graph.add_conditional_edges(
        "summarise", after_summary, ["commit", "summarise", "evict", "act", END]
    )
    graph.add_conditional_edges("commit", after_commit, ["prune", "summarise", "evict", "act", END])
    graph.add_edge("evict", "prune")
    graph.add_edge("prune", "act")
    graph.add_conditional_edges("act", after_act, ["summarise", "step"])
    graph.add_edge("step", "observe")
    return graph.compile()


def after_observe(state: State, runtime: Runtime[EpisodeContext]) -> str:
    """A finished game is summarised once more; otherwise it is thought about."""
    if not state["done"]:
        return "think"
    return "summarise" if runtime.context.config.notes.enabled else END


def after_think(state: State, runtime: Runtime[EpisodeContext]) -> str:
    """A full window is summarised, or cut where notes are switched off."""
    if state["reason"] is None:
        return "act"
    return "summarise" if runtime.context.config.notes.enabled else "evict"


def after_summary(state: State) -> str:
    """Usable notes are committed; unusable ones are asked for once more, then done without."""
    return _after_attempt(state, "commit")


def after_commit(state: State) -> str:
    """After the commit the window is rebuilt; a conflict there is a failed summary."""
    return _after_attempt(state, END if state["reason"] == "end" else "prune")


def after_act(state: State) -> str:
    """The reserved action asks for a summary; any other goes to the environment."""
    return "summarise" if state["reason"] == "asked" else "step"


def _after_attempt(state: State, succeeded: str) -> str:
    if state["failures"] == 0:
        return succeeded
    if state["failures"] < nodes.MOST_FAILURES:
        return "summarise"
    return {"high_water": "evict", "asked": "act", "end": END}[state["reason"] or "end"]
