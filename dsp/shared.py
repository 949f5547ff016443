"""Products of a segment that several families share: made on first use, their CPU time counted separately."""

from functools import cached_property
from time import thread_time_ns
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import Self

_Product = TypeVar("_Product")


class shared_product(cached_property[_Product]):  # noqa: N801 - a decorator, as its base is
    """A cached property that adds the CPU time of its computation to the object's ``shared_ns``.

    A product that is computed within another one counts once, as part of it. A family is charged the same,
    whether or not it was the first to ask.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> "Self": ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> _Product: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        before, began = instance.shared_ns, thread_time_ns()
        product = super().__get__(instance, owner)
        instance.shared_ns = before + thread_time_ns() - began
        return product
