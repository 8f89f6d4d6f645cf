folder=$(mktemp -d)
file=$(mktemp)
[ -d "$folder" ] && [ -f "$file" ] && echo "${folder%/*} ${file%/*}"
mkdir -p tree/{a,b}/c
touch tree/a/1.txt tree/b/c/2.txt "tree/a/with space.txt"
find tree -name '*.txt' -print0 | sort -z | xargs -0 -n1 basename
find tree -type d | wc -l
ln -s 1.txt tree/a/link && readlink tree/a/link
chmod 640 tree/a/1.txt && stat -c '%a %U' tree/a/1.txt
cp -r tree copy && rm -r tree && ls copy
tar -czf copy.tar.gz copy && rm -r copy && tar -xzf copy.tar.gz && ls copy/b/c
dd if=/dev/zero of=zeros bs=1024 count=64 2> /dev/null && wc -c < zeros
head -c 1000 /dev/urandom | wc -c
echo x > /dev/full || echo "full"
echo gone > /dev/null
sha256sum zeros | cut -c1-8
touch /usr/here 2> /dev/null || echo "/usr is read-only"
df . > /dev/null && du -sk copy > /dev/null && echo "df and du"
rm -r "$folder" "$file"
