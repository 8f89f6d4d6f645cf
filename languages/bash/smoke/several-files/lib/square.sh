square() { echo $(($1 * $1)); }
