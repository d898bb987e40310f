"""Options of an environment: a pydantic model each, and errors that say what is allowed."""

import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import annotated_types
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from envs.errors import SpecError
from envs.nearest import did_you_mean
from envs.spec import Spec


class Options(BaseModel):
    """The base of each family's options: a field has its default, range and short description.

    A rule that spans several options is a `model_validator` that raises `ValueError` with a full
    sentence.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


O = TypeVar("O", bound=Options)  # noqa: E741


def parse_options(model: type[O], environment: str, given: Mapping[str, str]) -> O:
    """Validate the options of a spec.

    Raises `SpecError` naming the first bad option, its value and what is allowed, or for an
    unknown option the nearest ones.
    """
    fields = model.model_fields
    for key in given:
        if key not in fields:
            raise SpecError(
                f"{environment} has no option {key!r}{did_you_mean(key, fields)} "
                f"It has: {', '.join(sorted(fields)) or 'none'}"
            )
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # a rule over several options
            reason = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
            raise SpecError(f"{environment}: {reason}") from None
        key = str(first["loc"][0])
        about = f" ({fields[key].description})" if fields[key].description else ""
        raise SpecError(
            f"{environment}: option {key}={given.get(key)!r} is not allowed: "
            f"it must be {allowed(fields[key])}{about}"
        ) from None


def canonical_spec(spec: Spec, options: Options) -> Spec:
    """The spec with each option that it gives written in one way (`open=true` becomes `open=1`)."""
    written = {key: _write(getattr(options, key)) for key in spec.options}
    return Spec(spec.suite, spec.name, written)


def allowed(info: FieldInfo) -> str:
    """What a field accepts, in words, read off its type and bounds."""
    kind = info.annotation
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return "one of " + ", ".join(str(choice) for choice in typing.get_args(kind))
    if origin in (typing.Union, types.UnionType):
        kind = next(arg for arg in typing.get_args(kind) if arg is not type(None))
    if kind is bool:
        return "1 or 0 (or true, false)"
    if kind in (int, float):
        return ("a whole number" if kind is int else "a number") + _bounds(info.metadata)
    return "text"


def _bounds(metadata: list[Any]) -> str:
    low = high = ""
    for bound in metadata:
        match bound:
            case annotated_types.Ge(ge=least):
                low = f"{least} or more"
            case annotated_types.Gt(gt=floor):
                low = f"over {floor}"
            case annotated_types.Le(le=most):
                high = f"{most} or less"
            case annotated_types.Lt(lt=ceiling):
                high = f"under {ceiling}"
    if low.endswith(" or more") and high.endswith(" or less"):
        return f" from {low.removesuffix(' or more')} to {high.removesuffix(' or less')}"
    told = " and ".join(filter(None, (low, high)))
    return f", {told}" if told else ""


def _write(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
