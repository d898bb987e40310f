"""Story files: which are, and one of our own for where there is no other."""

from pathlib import Path

from envs.errors import EnvUnavailable, SpecError

# The header of a Z-machine story (the Z-Machine Standards Document 1.1, section 11): its first byte is
# the version, and its length is told in units that follow from it. Frotz plays no version 6.
_HEADER_BYTES = 64
_UNIT_BYTES = {1: 2, 2: 2, 3: 2, 4: 4, 5: 4, 7: 8, 8: 8}
_MOST_BYTES = 1 << 20


def story_file(name: str) -> Path:
    """The file that a spec names, as an absolute path.

    Raises `EnvUnavailable` where it is not there, and `SpecError` where it is no story: the
    interpreter would end the whole program over that.
    """
    path = Path(name).expanduser().absolute()
    try:
        with path.open("rb") as file:
            story = file.read(_MOST_BYTES)
    except OSError as error:
        raise EnvUnavailable(
            f"there is no story file {str(path)!r} that can be read ({error.strerror}): "
            "name one, such as jericho/stories/game.z5"
        ) from error
    if len(story) < _HEADER_BYTES or story[0] not in _UNIT_BYTES:
        raise SpecError(
            f"{str(path)!r} is no Z-machine story that can be played: those end in .z3, .z4, .z5, .z7 "
            "or .z8, and begin with that number"
        )
    if not _whole(story):
        raise SpecError(
            f"the story file {str(path)!r} is damaged: its checksum is not what it says"
        )
    return path


def _whole(story: bytes) -> bool:
    """Whether a story is as long as its header says, and adds up; old ones say neither."""
    length = _UNIT_BYTES[story[0]] * int.from_bytes(story[0x1A:0x1C])
    told = int.from_bytes(story[0x1C:0x1E])
    if length == 0:
        return True
    return length <= len(story) and told == sum(story[_HEADER_BYTES:length]) % 0x10000


def sample() -> Path:
    """A small story that TextWorld compiles, from its cache. Raises `EnvUnavailable`."""
    from envs.textworld.families import FAMILIES
    from envs.textworld.games import game_file

    options = FAMILIES["coin-collector"].options.model_validate({"level": 3})
    return game_file("coin-collector", options.model_dump(), 10_000, "a small story")
