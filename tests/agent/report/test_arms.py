"""Which runs are one arm, and what arms are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import RunConfig, merge
from agent.report.arms import name_arms
from agent.report.runs import RecordedRun
from agent.rundir import as_toml

QUIET = settings(max_examples=50, deadline=None)


def recorded(
    fingerprint: str | None = "f" * 64, arm: str | None = None, **values: Any
) -> RecordedRun:
    settings = as_toml(RunConfig(**merge({"env": "test/x"}, values)).filled())
    run = Path(f"run-{fingerprint}-{values}")
    return RecordedRun(run, run, "test/x", 1, settings, fingerprint, [], arm=arm)


def names(*runs: RecordedRun) -> list[str]:
    return [arm.name for arm in name_arms(runs)]


def think(**values: Any) -> dict[str, Any]:
    return {"think": values}


def test_an_arm_is_called_by_how_it_thinks() -> None:
    modes = ["burst", "slow", "verified", "off"]
    assert names(*(recorded(**think(mode=mode)) for mode in modes)) == [*modes[:3], "none"]
    players = [recorded(None, agent=agent) for agent in ("random", "walkthrough")]
    assert names(*players) == ["random", "walkthrough"]


def test_what_is_played_and_where_it_is_kept_makes_no_other_arm() -> None:
    one = recorded(seed=3, jobs=4, out=Path("a"), memory=Path("m.sqlite"))
    two = recorded(seed=4, episodes=9, env="test/y")
    assert names(one, two) == ["burst", "burst"]
    [first, second] = name_arms([one, two])
    assert first.identity == second.identity


def test_arms_of_one_name_are_told_apart_by_their_settings() -> None:
    runs = [
        recorded(**think(k=4)),
        recorded(**think(k=8, confidence=0.5)),
        recorded(**think(mode="slow")),
    ]
    assert names(*runs) == ["burst:k=4,confidence=0.9", "burst:k=8,confidence=0.5", "slow"]
    notes = [recorded(notes={"enabled": on}) for on in (True, False)]
    assert names(*notes) == ["burst:notes.enabled=true", "burst:notes.enabled=false"]


def test_weights_tell_arms_apart_where_no_setting_does() -> None:
    assert names(recorded("a" * 64), recorded("b" * 64)) == [
        "burst:fingerprint=aaaaaaaa",
        "burst:fingerprint=bbbbbbbb",
    ]
    policies = [recorded(letter * 64, model={"policy": f"out/{letter}"}) for letter in "ab"]
    assert names(*policies) == ["burst:model.policy=out/a", "burst:model.policy=out/b"]


def test_settings_that_are_not_asked_make_no_other_arm() -> None:
    assert (
        names(recorded(**think(mode="slow", k=4)), recorded(**think(mode="slow", k=8)))
        == ["slow"] * 2
    )
    random = [recorded(None, agent="random", window={"budget": n}) for n in (768, 1024)]
    assert names(*random) == ["random"] * 2


def test_shared_banks_are_part_of_who_plays() -> None:
    runs = [recorded(memory=Path(f"/{name}"), banks=("job/cook",)) for name in "ab"]
    assert names(*runs) == ["burst:memory=/a", "burst:memory=/b"]


def test_an_evaluations_names_stay_and_never_hide_another_arm() -> None:
    assert names(recorded(arm="mine"), recorded(arm="mine"), recorded()) == [
        "mine",
        "mine",
        "burst",
    ]
    clash = names(
        recorded(arm="burst:k=4", max_steps=7, **think(k=4)), recorded(**think(k=4)), recorded()
    )
    assert len(set(clash)) == 3
    assert clash[0].startswith("burst:k=4#")


@QUIET
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "think": st.fixed_dictionaries(
                    {"mode": st.sampled_from(["burst", "slow"]), "k": st.sampled_from([4, 8])}
                ),
                "max_steps": st.sampled_from([5, 6]),
                "fingerprint": st.sampled_from(["a" * 64, "b" * 64]),
                "arm": st.sampled_from([None, "burst", "burst:k=4"]),
            }
        ),
        max_size=6,
    )
)
def test_one_name_is_one_identity(values: list[dict[str, Any]]) -> None:
    runs = [recorded(**each) for each in values]
    arms = name_arms(runs)
    meant: dict[str, str] = {}
    for arm in arms:
        assert meant.setdefault(arm.name, arm.identity) == arm.identity
    for one, mine in zip(runs, arms, strict=True):
        for other, theirs in zip(runs, arms, strict=True):
            if one.arm == other.arm and mine.identity == theirs.identity:
                assert mine.name == theirs.name, "one player has one name"
