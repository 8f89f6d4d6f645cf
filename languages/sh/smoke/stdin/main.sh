read -r number
echo $((number * number))
