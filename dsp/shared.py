"""What several families use of a segment is made by whoever asks first; the time it takes is told apart."""

from functools import cached_property
from time import thread_time_ns
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import Self

_Product = TypeVar("_Product")


class shared_product(cached_property[_Product]):  # noqa: N801 - a decorator, as its base is
    """A cached property that adds the CPU time of its making to the object's ``shared_ns``.

    A product that is made while another one is being made counts once, within that. What is charged to a family is
    then the same whether or not it was the first to ask.
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
