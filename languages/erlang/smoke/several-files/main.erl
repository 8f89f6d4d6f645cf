-module(main).
-export([main/1]).

main(_) -> io:format("~p~n", [square:area(3)]).
