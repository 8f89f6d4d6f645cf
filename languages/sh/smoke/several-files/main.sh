. ./lib/square.sh
square 3
