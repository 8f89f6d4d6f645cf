names=(ada grace "alan m")
names+=(edsger)
echo "${#names[@]} ${names[2]} ${names[@]: -1}"
declare -A age=([ada]=36 [alan]=41)
age[grace]=85
for key in $(printf '%s\n' "${!age[@]}" | sort); do printf '%-6s|%3d\n' "$key" "${age[$key]}"; done
greet() {
    local name=${1:-nobody}
    echo "hello $name"
    return 4
}
greet "$@"
echo "status $?"
greet world > greeting.txt || read -r line < greeting.txt
echo "$line"
text="path/to/file.tar.gz"
echo "${text##*/} ${text%%.*} ${text/to/from} ${text^^} ${#text}"
case $text in *.zip) echo zip ;; *.tar.*) echo tar ;; esac
while read -r a b; do echo "$b $a"; done <<< "one two"
exec 3> log.txt
echo "to descriptor 3" >&3
exec 3>&-
cat log.txt
mapfile -t lines < <(printf 'x\ny\nz\n')
echo "${lines[*]}"
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
cat <<- END
	indented $((1 + 1))
	END
