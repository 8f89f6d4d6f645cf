echo $((7 * 6)) $((17 % 5)) $((2 ** 40)) $((0xff)) $((2#1010)) $((-7 / 2))
i=0
sum=0
while ((i < 10)); do ((sum += i++)); done
echo "$sum"
for ((n = 1; n <= 3; n++)); do printf '%d! = ' "$n"; f=1; for ((k = 2; k <= n; k++)); do ((f *= k)); done; echo "$f"; done
echo $((RANDOM >= 0 && RANDOM < 32768)) $((1 > 2 ? 10 : 20))
printf '%.3f %x %o %e\n' 3.14159 255 8 12345
awk 'BEGIN { printf "%.4f %d\n", sqrt(2), 7 / 2 }'
expr 3 + 4
