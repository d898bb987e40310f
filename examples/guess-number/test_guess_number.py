"""The checker is all the test that a first version needs."""

from envs.check import assert_sound


def test_it_keeps_the_contract() -> None:
    """Seeds, types, resets, hostile actions, another process: every rule, with one small spec."""
    assert_sound("guess/number?up_to=20")
