"""The adapters that ship with this package, and who gets them unasked: the embedded model."""

from __future__ import annotations

from pathlib import Path

EMBEDDED, SCRIPTED = "embedded", "scripted"
SHIPPED, NONE, UNTRAINED = "shipped", "none", "untrained"
BUILT_IN = frozenset({EMBEDDED, SCRIPTED, SHIPPED, NONE, UNTRAINED})
"""Names of models and adapters that are no places."""
_FOLDER = Path(__file__).resolve().parent.parent / "adapters"
POLICY = _FOLDER / "policy"
BURST = _FOLDER / "burst"
"""For the embedded model with the policy above."""
GENERAL_BURST = _FOLDER / "burst-general"
"""For the embedded model as it came."""


def chosen(model: str, policy: str | None, burst: str | None) -> tuple[str | None, str | None]:
    """Which adapters to load: policy and burst, each a place or None.

    'shipped' is the package's own where it has one for this model and policy, else none; 'none' and
    None are none; anything else is a directory or a Hugging Face id.
    """
    if model != EMBEDDED:
        return _named(policy, None), _named(burst, None)
    theirs = {SHIPPED: BURST, NONE: GENERAL_BURST}.get(policy or NONE)
    return _named(policy, POLICY), _named(burst, theirs)


def anywhere(name: str) -> str:
    """The name of a model or adapter, as an absolute path where it is a directory's."""
    own = name in BUILT_IN or not Path(name).is_dir()
    return name if own else str(Path(name).resolve())


def _named(name: str | None, shipped: Path | None) -> str | None:
    if name == SHIPPED:
        return str(shipped) if shipped is not None and shipped.is_dir() else None
    return None if name == NONE else name
