"""Dataclasses whose classes are made quickly. For type checkers they are those of ``dataclasses``.

That module compiles up to nine functions for every class and imports ``inspect``: with the hundred
classes of a run more than a tenth of a small project's test time. Here the constructor is compiled,
everything else is shared. What of ``dataclasses`` is not used in Handrail is not here: inheritance of
fields, ``init=False``, ``order``. ``dataclasses.fields`` and all that builds on it work.
"""

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["MISSING", "dataclass", "defaults_of", "field", "replace"]

MISSING = object()
"""Stands for the default of a field that has none."""


def defaults_of(kind: type) -> dict[str, Any]:
    """The fields of a dataclass that was made here, in order, with their defaults."""
    fields: dict[str, Field] = kind.__own_fields__  # type: ignore[attr-defined]
    return {name: each.default_now() for name, each in fields.items()}


class Field:
    """What is known of a field. Its type is in ``__annotations__``."""

    __slots__ = ("compare", "default", "factory")

    def __init__(
        self, default: Any = MISSING, factory: Any = None, *, compare: bool = True
    ) -> None:
        self.default = default
        self.factory = factory
        self.compare = compare

    def default_now(self) -> Any:
        """A value for whoever gives none; ``MISSING`` if one has to be given."""
        return self.default if self.factory is None else self.factory()


def _new_field(
    *, default: Any = MISSING, default_factory: Any = None, compare: bool = True
) -> Field:
    return Field(default, default_factory, compare=compare)


def _changed(record: Any, /, **changes: Any) -> Any:
    for name in record.__own_fields__:
        if name not in changes:
            changes[name] = getattr(record, name)
    return record.__class__(**changes)


def _decorator(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Any:
    return partial(_made, is_frozen=frozen, has_slots=slots, kw_only=kw_only)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _decorator, _new_field, _changed


_FOUND_BY_TYPE = ("__dict__", "__weakref__")


def _made(kind: Any, *, is_frozen: bool, has_slots: bool, kw_only: bool) -> Any:
    if any(hasattr(base, "__own_fields__") for base in kind.__bases__):
        raise TypeError(f"{kind.__qualname__} inherits fields")
    body = dict(kind.__dict__)
    fields = {name: _field(body.pop(name, MISSING)) for name in kind.__annotations__}
    for name, each in fields.items():
        if not has_slots and each.default is not MISSING:
            body[name] = each.default
    compared = [name for name, each in fields.items() if each.compare]
    body |= {
        "__own_fields__": fields,
        "__own_key__": staticmethod(attrgetter(*compared) if compared else lambda _: ()),
        "__match_args__": () if kw_only else tuple(fields),
        "__dataclass_fields__": _Fields(),
        "__dataclass_params__": _Params,
        "__repr__": _repr,
        "__eq__": _eq,
        "__hash__": _hash if is_frozen else None,
    }
    if is_frozen:
        body |= {"__setattr__": _no_setattr, "__delattr__": _no_delattr}
    if has_slots:
        for name in _FOUND_BY_TYPE:
            body.pop(name, None)
        body |= {
            "__slots__": tuple(fields),
            "__getstate__": _getstate,
            "__setstate__": _setstate,
        }
        qualified = kind.__qualname__
        kind = type(kind)(kind.__name__, kind.__bases__, body)
        kind.__qualname__ = qualified
    else:
        for name, value in body.items():
            if name not in _FOUND_BY_TYPE:
                setattr(kind, name, value)
    kind.__init__ = _constructor(kind, fields, has_slots=has_slots, kw_only=kw_only)
    return kind


def _field(default: Any) -> Field:
    return default if isinstance(default, Field) else Field(default)


def _constructor(kind: Any, fields: dict[str, Field], *, has_slots: bool, kw_only: bool) -> Any:
    scope: dict[str, Any] = {"_missing": MISSING, "_set": object.__setattr__}
    parameters = ["self", *(["*"] if kw_only and fields else [])]
    lines = []
    for name, each in fields.items():
        value = name
        if each.factory is not None:
            scope[f"_new_{name}"] = each.factory
            parameters.append(f"{name}=_missing")
            value = f"_new_{name}() if {name} is _missing else {name}"
        elif each.default is not MISSING:
            scope[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        if has_slots:
            scope[f"_set_{name}"] = kind.__dict__[name].__set__
            lines.append(f" _set_{name}(self, {value})\n")
        else:
            lines.append(f" _set(self, {name!r}, {value})\n")
    text = f"def __init__({', '.join(parameters)}):\n{''.join(lines) or ' pass'}"
    exec(text, scope)  # noqa: S102 - as dataclasses does
    made = scope["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__module__ = kind.__module__
    made.__annotations__ = {**kind.__annotations__, "return": None}
    return made


class _Fields:
    """``__dataclass_fields__``, made by ``dataclasses`` itself when somebody asks."""

    def __get__(self, _record: object, kind: Any) -> Any:
        import dataclasses

        body: dict[str, Any] = {"__annotations__": dict(kind.__annotations__)}
        for name, each in kind.__own_fields__.items():
            if each.factory is not None:
                body[name] = dataclasses.field(default_factory=each.factory, compare=each.compare)
            elif each.default is not MISSING:
                body[name] = dataclasses.field(default=each.default, compare=each.compare)
            else:
                body[name] = dataclasses.field(compare=each.compare)
        twin: Any = dataclasses.dataclass(kw_only=True)(type(kind.__name__, (), body))
        kind.__dataclass_fields__ = twin.__dataclass_fields__
        return kind.__dataclass_fields__


class _Params:
    """``__dataclass_params__``, in as much as ``pprint`` asks for it: it is to use our ``repr``."""

    repr = False


# What all of them share.


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__own_fields__)
    return f"{self.__class__.__qualname__}({shown})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__own_key__(self) == self.__own_key__(other)


def _hash(self: Any) -> int:
    return hash(self.__own_key__(self))


def _no_setattr(_self: Any, name: str, _value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_delattr(_self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__own_fields__]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__own_fields__, state, strict=True):
        object.__setattr__(self, name, value)
