-module(main).
-export([main/1]).

main(Words) -> [io:format("<~s>~n", [Word]) || Word <- Words].
