trap 'echo "got usr1"' USR1
kill -USR1 $$
(sleep 0.1; exit 3) &
first=$!
(exit 0) &
wait $!
echo "second $?"
wait $first
echo "first $?"
sleep 30 &
sleep 0.1
kill %%
wait $!
echo "killed $?"
for n in 3 1 2; do (sleep 0.0$n; echo "$n" >> order.txt) & done
wait
sort order.txt | tr '\n' ' '
echo
coproc upper { tr a-z A-Z; }
exec 3<&"${upper[0]}" 4>&"${upper[1]}" {upper[1]}>&-
echo "coprocess" >&4
exec 4>&-
cat <&3
timeout 0.1 sleep 30
echo "timeout $?"
trap 'echo "bye"' EXIT
