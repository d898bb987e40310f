"""Tools: work in a directory that cannot be left, by commands, towards a goal that is checked."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from envs.options import Options
from envs.suites import Entry, TableSuite

if TYPE_CHECKING:
    from envs.base import TextEnv


class FilesOptions(Options):
    """Which task, and how much there is to look through."""

    task: Literal["any", "find", "setting", "total"] = Field("any", description="kind of task")
    files: int = Field(6, ge=3, le=20, description="files to start with")


def _files(spec: str, options: FilesOptions) -> "TextEnv":
    from envs.tools.env import FilesEnv  # brings gymnasium
    from envs.tools.tasks import draw

    return FilesEnv(spec, options, lambda seed: draw(options.task, seed, options.files))


suite = TableSuite(
    "tools",
    {
        "files": Entry(
            "files in a directory of its own: list, read, write, search, calculate; a goal that is "
            "checked",
            FilesOptions,
            _files,
        )
    },
    samples=["tools/files", *(f"tools/files?task={task}" for task in ("find", "setting", "total"))],
)
