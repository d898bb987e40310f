"""Change one setting in one of many files, as a note says, and leave the rest as it is."""

from random import Random

from envs.tools.commands import written
from envs.tools.task import Files, Task
from envs.tools.tasks.words import PEOPLE, SERVICES

NOTE = "note.txt"


def setting(dice: Random, files: int) -> Task:
    """Settings of several services, and a note that asks for another port of one of them."""
    services = dice.sample(SERVICES, files - 1)
    ports = dice.sample(range(2000, 9000), files)
    new = ports.pop()
    texts = {}
    for service, port in zip(services, ports, strict=True):
        lines = [
            f"[{service}]",
            f"owner = {dice.choice(PEOPLE)}",
            f"port = {port}",
            f"retries = {dice.randint(1, 9)}",
            "",
        ]
        texts[f"settings/{service}.ini"] = "\n".join(lines)
    service, old = services[0], ports[0]
    path = f"settings/{service}.ini"
    texts[NOTE] = f"From {dice.choice(PEOPLE)}: please let {service} use port {new} from now on.\n"
    wanted = texts[path].replace(f"port = {old}\n", f"port = {new}\n")

    def check(now: Files) -> float:
        """The whole goal, or half of it where other lines of that file have suffered."""
        untouched = all(now.get(name) == text for name, text in texts.items() if name != path)
        lines = now.get(path, "").split("\n")
        if not untouched or f"port = {new}" not in lines:
            return 0.0
        return 1.0 if now[path].rstrip("\n") == wanted.rstrip("\n") else 0.5

    return Task(
        goal=f"Do what {NOTE} asks for: change that one setting in 'settings', and leave every other "
        "line and file as it is.",
        files=texts,
        check=check,
        walkthrough=(f"read {NOTE}", f"read {path}", written(path, wanted), "done"),
    )
