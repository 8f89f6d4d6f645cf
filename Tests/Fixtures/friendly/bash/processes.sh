sleep 30 &
child=$!
# Between fork and exec it is still called bash.
until [ "$(cat "/proc/$child/comm")" = sleep ]; do :; done
ps -p "$child" -o comm=
ps -o ppid= -p "$child" | tr -d ' ' | grep -qx "$$" && echo "my child"
ps -e -o comm= | grep -c '^sleep$'
kill "$child"
wait "$child" 2> /dev/null
ps -p "$child" > /dev/null || echo "gone"
[ -d "/proc/$$" ] && echo "/proc/\$\$"
