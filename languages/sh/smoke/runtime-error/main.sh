set -e
echo before
no-such-program
