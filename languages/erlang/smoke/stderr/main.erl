-module(main).
-export([main/1]).

main(_) ->
    io:format(standard_error, "err~n", []),
    io:format("out~n").
