set -euo pipefail
trap 'echo "line $LINENO, status $?"' ERR
echo start
(exit 3) || echo "handled $?"
false | true || echo "pipefail"
ls /no/such/file 2> /dev/null || echo "ls $?"
(exit 42)
echo "not reached"
