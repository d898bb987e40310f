"""A cache of games for these tests alone, filled once with one small game a family."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envs.spec import Spec
from envs.textworld.families import FAMILIES
from envs.textworld.games import CACHE_VARIABLE, game_file

SEED = 10_000

SPECS = {
    "coin-collector": "textworld/coin-collector?level=3",
    "treasure-hunter": "textworld/treasure-hunter?level=12",
    "cooking": "textworld/cooking?recipe=1&take=1&go=6&open=1&cook=1&cut=1&drop=1",
    "simple": "textworld/simple?rewards=dense&goal=brief",
    "custom": "textworld/custom?rooms=2&objects=4&quest_length=2",
}


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One small game a family, built in this session's cache: family -> spec, for seed 10,000."""

    def build(family: str) -> None:
        options = FAMILIES[family].options.model_validate(Spec.parse(SPECS[family]).options)
        game_file(family, options.model_dump(), SEED, family)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.getbasetemp() / "cache"))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(build, SPECS))
    return SPECS


@pytest.fixture(autouse=True)
def session_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """No test of this folder touches the user's own cache, or another folder's."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder
