-module(greeting).
-export([main/1]).

main(_) -> io:format("hello~n"), lists:nth(5, [1]), ok.
