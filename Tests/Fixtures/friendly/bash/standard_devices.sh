# Opening these by name needs more than holding the descriptor: the pipe behind it must be the user's own.
echo "by name" > /dev/stdout
echo "through tee" | tee /dev/stderr
cat /dev/stdin
echo "not shown" > /dev/null
wc -c < /dev/null
head -c 5 /dev/zero | tr '\0' 'z'
echo
echo "by descriptor" > /dev/fd/1
ls -1 /dev/full /dev/random /dev/urandom /dev/shm > /dev/null && echo "all there"
