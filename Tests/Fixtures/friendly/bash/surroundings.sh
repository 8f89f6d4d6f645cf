echo "$HOME $PWD $(pwd -P)" ~
echo "$PATH"
whoami
id -u
id -un
uname -n
uname -s
echo "${LANG} $(locale charmap)"
echo "é" | wc -m
[ -w . ] && [ -w /tmp ] && [ -w /dev/shm ] && echo "writable"
[ "$(date +%Y)" -ge 2025 ] && TZ=Asia/Tokyo date -d @0 '+%H:%M %Z'
command -v sort > /dev/null && type -t cd
[ -z "${DISPLAY-}${SSH_AUTH_SOCK-}" ] && echo "nothing of the host's"
ulimit -n | awk '{ print ($1 >= 256) }'
