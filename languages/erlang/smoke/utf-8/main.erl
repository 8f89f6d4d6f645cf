-module(main).
-export([main/1]).

main(_) ->
    io:setopts([{encoding, unicode}]),
    Text = string:trim(io:get_line("")),
    io:format("~ts ↔ 硅藻 🦠~n", [Text]).
