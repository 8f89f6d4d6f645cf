paste -d: <(printf 'a\nb\n') <(printf '1\n2\n')
tee >(wc -l > count.txt) < <(seq 5) > /dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s count.txt ] && break; sleep 0.05; done
tr -d ' ' < count.txt
echo "$(echo nested "$(echo deeper)")"
cat /dev/fd/0 < <(echo "through /dev/fd")
echo "through /dev/stdin" | cat /dev/stdin
echo "to stderr" 2>&1 >&2 | cat
echo "to /dev/stdout" > /dev/stdout | cat
