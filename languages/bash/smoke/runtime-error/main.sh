set -eu
echo before
show() {
  echo "$missing"
}
show
