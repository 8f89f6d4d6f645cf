area(Side, A) :- A is Side * Side.
