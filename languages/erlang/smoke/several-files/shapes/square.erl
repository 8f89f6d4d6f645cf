-module(square).
-export([area/1]).

area(Side) -> Side * Side.
