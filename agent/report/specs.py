"""Specs in one way of writing, so that what is the same game is found to be the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing

from envs import registry
from envs.errors import EnvError, SpecError
from envs.options import canonical_spec
from envs.spec import Spec


def in_one_way(texts: Iterable[str]) -> dict[str, str]:
    """Each spec as others of these that mean the same games are written, too.

    Options are in order, and those that have their defaults are left out where several specs name one
    environment. Only the environment knows the defaults: it is made, which may load its library, and no
    game is. What is not installed here, or refuses a spec, keeps its options as they are.
    """
    specs = {text: _parsed(text) for text in texts}
    distinct = {spec for spec in specs.values() if spec is not None}
    times = Counter((spec.suite, spec.name) for spec in distinct)
    one_way = {
        spec: _without_defaults(spec) if times[spec.suite, spec.name] > 1 else spec
        for spec in distinct
    }
    return {text: text if spec is None else str(one_way[spec]) for text, spec in specs.items()}


def _parsed(text: str) -> Spec | None:
    try:
        return Spec.parse(text)
    except SpecError:
        return None


def _without_defaults(spec: Spec) -> Spec:
    if not spec.options:
        return spec
    try:
        with closing(registry.make(spec)) as env:
            options = env.options
    except EnvError:
        return spec
    if options is None:
        return spec
    told = options.model_dump(exclude_defaults=True)
    return canonical_spec(Spec(spec.suite, spec.name, dict.fromkeys(told, "")), options)
