"""Tables: results that are read as rows as well, by a data frame, in a notebook or on the command line.

What the columns of each are is declared in one place, `ledger.faces.columns`.

A data frame must ask such a result for its table, and not take it apart by itself. polars takes apart whatever says
that it is a sequence or a mapping. So those here can do what a tuple and a dict can do, and do not say so.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Generic, Self, TypeVar, cast, overload

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Row:
    """Something of which a table has a row, and which a notebook shows as a table of that row alone."""

    __slots__ = ()

    def to_row(self) -> dict[str, object]:
        """Give it as one row of plain values; `ledger.faces.columns` says what each column is."""
        from ledger.faces.tables import row_of  # noqa: PLC0415 - many programs never ask

        return row_of(self)

    def _repr_html_(self) -> str:
        from ledger.faces.notebook import html_of  # noqa: PLC0415 - many programs never ask

        return html_of(self)


class Tabular:
    """A result that is a table as well: `polars.DataFrame(it)`, `pyarrow.table(it)`, `pandas.DataFrame.from_arrow(it)`.

    In a data frame exact numbers are decimals, days are dates, instants have microseconds in UTC, and what is missing
    or open is null; a day that may be rough has its first and its last day besides, as `..._earliest` and
    `..._latest`. `ledger.faces.columns` says what each column is, and `ledger.faces.frames` which types they have.
    """

    __slots__ = ()

    def to_rows(self) -> list[dict[str, object]]:
        """Give it as rows of plain values: days are dates, numbers are exact, None is what is missing or open."""
        from ledger.faces.tables import table_of  # noqa: PLC0415 - many programs never ask

        return table_of(self).to_rows()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give it to a data frame.

        Raises `MissingExtra` where pyarrow is not installed, and `BadQuantity` for a number of more than 38 digits,
        which `to_rows` gives.
        """
        from ledger.faces.frames import stream_of  # noqa: PLC0415 - many programs never ask

        return stream_of(self, requested_schema)

    def _repr_html_(self) -> str:
        from ledger.faces.notebook import html_of  # noqa: PLC0415 - many programs never ask

        return html_of(self)


class Rows(Tabular, Generic[T]):
    """Several things in their order, and a table with a row for each: a tuple in all but its class.

    >>> rows = Rows("abc")
    >>> rows == ("a", "b", "c"), rows[-1], rows[:1] + rows[2:], len(rows)
    (True, 'c', ('a', 'c'), 3)
    """

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = tuple(items)

    def _with(self, items: tuple[T, ...]) -> Self:
        return type(self)(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: int | slice) -> T | Self:
        return self._with(self._items[place]) if isinstance(place, slice) else self._items[place]

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __add__(self, others: Rows[T] | tuple[T, ...]) -> Self:
        return self._with((*self._items, *others))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rows):
            return self._items == cast("Rows[object]", other)._items
        return self._items == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return repr(self._items)


class Keyed(Tabular, Generic[K, V]):
    """Several things by their names, and a table with a row for each: a dict that never changes, in all but its class.

    >>> keyed = Keyed({"a": 1})
    >>> keyed == {"a": 1}, keyed["a"], keyed.get("b"), list(keyed), dict(keyed)
    (True, 1, None, ['a'], {'a': 1})
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V]) -> None:
        self._items = dict(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __reversed__(self) -> Iterator[K]:
        return reversed(self._items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def keys(self) -> KeysView[K]:
        """Give the names."""
        return self._items.keys()

    def values(self) -> ValuesView[V]:
        """Give the things."""
        return self._items.values()

    def items(self) -> ItemsView[K, V]:
        """Give pairs of a name and a thing."""
        return self._items.items()

    @overload
    def get(self, key: K, default: None = None) -> V | None: ...
    @overload
    def get(self, key: K, default: V) -> V: ...
    def get(self, key: K, default: V | None = None) -> V | None:
        """Give what has this name, or else the default."""
        return self._items.get(key, default)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Keyed):
            return self._items == cast("Keyed[object, object]", other)._items
        return self._items == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __or__(self, other: Keyed[K, V] | Mapping[K, V]) -> dict[K, V]:
        return self._items | dict(other) if isinstance(other, Keyed | Mapping) else NotImplemented

    def __ror__(self, other: Mapping[K, V]) -> dict[K, V]:
        return dict(other) | self._items if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a dict

    def __repr__(self) -> str:
        return repr(self._items)
