import pytest
from pydantic import Field

import envs
from envs.errors import SpecError
from envs.options import Options, allowed, parse_options
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


class Bounded(Options):
    share: float = Field(0.5, gt=0, lt=1, description="of the whole")
    least: int = Field(3, ge=3)
    most: int = Field(3, lt=9)
    both: float = Field(1, ge=0, le=2.5)
    some: int | None = Field(None, gt=2, le=7)
    free: float = 0.0


def test_every_kind_of_bound_is_told() -> None:
    told = {name: allowed(field) for name, field in Bounded.model_fields.items()}
    assert told == {
        "share": "a number, over 0 and under 1",
        "least": "a whole number, 3 or more",
        "most": "a whole number, under 9",
        "both": "a number from 0 to 2.5",
        "some": "a whole number, over 2 and 7 or less",
        "free": "a number",
    }


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_what_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(SpecError, match=f"option free='{value}' is not allowed: it must be a num"):
        parse_options(Bounded, "some/game", {"free": value})
