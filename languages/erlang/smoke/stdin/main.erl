-module(main).
-export([main/1]).

main(_) ->
    {ok, [N]} = io:fread("", "~d"),
    io:format("~p~n", [N * N]).
