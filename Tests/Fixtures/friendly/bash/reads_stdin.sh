read -r first
echo "first: $first"
total=0
while IFS=, read -r name amount; do
    total=$((total + amount))
    echo "$name"
done
echo "total $total"
read -r nothing || echo "end of input"
[ -t 0 ] || echo "not a terminal"
