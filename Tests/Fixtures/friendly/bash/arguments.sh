echo "$# ${0##*/}"
for argument in "$@"; do echo "<$argument>"; done
while getopts 'n:v' option; do echo "$option ${OPTARG-}"; done
shift $((OPTIND - 1))
echo "rest: $*"
