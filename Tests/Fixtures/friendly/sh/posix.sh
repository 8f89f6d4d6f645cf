set -eu
set -- one "two words" three
echo "$# $2"
for word in "$@"; do
    case $word in
    *" "*) echo "spaced" ;;
    *) echo "$word" ;;
    esac
done
total=0
while read -r number; do
    total=$((total + number))
done << END
1
2
3
END
echo "$total ${unset:-default} ${2%% *}"
double() { echo $(($1 * 2)); }
double 21
printf '%s\n' b a | sort
(cd /tmp && pwd)
trap 'echo cleaned' EXIT
[ -e missing ] || exit 6
