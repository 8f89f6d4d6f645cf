import dataclasses
import enum
import functools
import typing


class Colour(enum.Enum):
    RED = enum.auto()
    BLUE = enum.auto()


@dataclasses.dataclass(order=True, frozen=True)
class Ball:
    size: int
    colour: "Colour" = Colour.RED
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)


class Sized(typing.Protocol):
    size: int


class Pair(typing.NamedTuple):
    left: int
    right: str = "r"


@functools.singledispatch
def describe(value):
    return "something"


@describe.register
def _(value: int):
    return "a number"


def classify(value: typing.Any) -> str:
    match value:
        case Ball(size=size) if size > 5:
            return "large ball"
        case {"kind": kind, **rest}:
            return f"{kind} {rest}"
        case [first, *others]:
            return f"{first} and {len(others)}"
        case _:
            return "other"


print(sorted([Ball(2), Ball(1, Colour.BLUE)], key=lambda ball: ball.size), dataclasses.asdict(Ball(3))["tags"])
print(typing.get_type_hints(Ball)["colour"] is Colour, typing.get_type_hints(classify)["return"])
print(Pair(1), describe(1), describe("x"), [classify(v) for v in (Ball(6), {"kind": "k", "a": 1}, [1, 2, 3], 4)])
try:
    dataclasses.replace(Ball(1)).size = 2
except dataclasses.FrozenInstanceError as error:
    print(error)
