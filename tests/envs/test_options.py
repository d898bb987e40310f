import pytest

import envs
from envs.errors import SpecError
from envs.textworld.families import FAMILIES

NUMBER_1_TO_5 = "it must be a whole number from 1 to 5 (ingredients in the recipe)"

# spec -> the start of its error
BAD = {
    "cooking?recpie=2": "cooking has no option 'recpie'; did you mean 'recipe'? It has: cook, cut,",
    "cooking?recipe=-1": f"cooking: option recipe='-1' is not allowed: {NUMBER_1_TO_5}",
    "cooking?recipe=two": f"cooking: option recipe='two' is not allowed: {NUMBER_1_TO_5}",
    "cooking?go=7": "cooking: option go='7' is not allowed: it must be one of 1, 6, 9, 12 (rooms)",
    "cooking?open=maybe": "cooking: option open='maybe' is not allowed: it must be 1 or 0 (or true",
    "cooking?split=dev": "cooking: option split='dev' is not allowed: it must be one of train, va",
    "cooking?recipe=2&take=3": "cooking: option take=3 is not allowed: it must be at most recipe=2",
    "coin-collector?level=0": "coin-collector: option level='0' is not allowed: it must be a whole",
    "coin-collector?level=200": "coin-collector: level=200 needs 200 rooms and TextWorld builds at "
    "most 100: it must be 1-150 or 201-233",
    "treasure-hunter?level=31": "treasure-hunter: option level='31' is not allowed: it must be a w",
    "custom?rooms=-3": "custom: option rooms='-3' is not allowed: it must be a whole number from 1",
    "simple?rewards=": "simple: option rewards='' is not allowed: it must be one of dense, balance",
}


@pytest.mark.parametrize("spec", BAD)
def test_a_bad_option_is_named_with_its_value_and_what_is_allowed(spec: str) -> None:
    with pytest.raises(SpecError) as error:
        envs.make(f"textworld/{spec}")
    assert str(error.value).startswith(f"textworld/{BAD[spec]}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_defaults(family: str) -> None:
    env = envs.make(f"textworld/{family}")
    assert env.spec == f"textworld/{family}"
    env.close()


def test_the_spec_of_an_environment_is_canonical() -> None:
    env = envs.make("textworld/cooking?recipe=02&open=true&cut=0&go=6")
    assert env.spec == "textworld/cooking?cut=0&go=6&open=1&recipe=2"


@pytest.mark.parametrize("level", [1, 100, 101, 150, 201, 233])
def test_coin_levels_that_fit_are_allowed(level: int) -> None:
    envs.make(f"textworld/coin-collector?level={level}")


@pytest.mark.parametrize("level", [151, 200, 234, 300])
def test_coin_levels_with_too_many_rooms_are_not(level: int) -> None:
    with pytest.raises(SpecError, match="at most 100"):
        envs.make(f"textworld/coin-collector?level={level}")
