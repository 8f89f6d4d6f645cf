cat > sales.csv << 'CSV'
north,10
south,5
north,7
east,12
south,1
CSV
awk -F, '{ sum[$1] += $2 } END { for (k in sum) print k, sum[k] }' sales.csv | sort -k2,2nr | sed 's/ /: /'
cut -d, -f1 sales.csv | sort | uniq -c | sort -rn | head -n 1 | tr -s ' '
seq 1 100 | paste -sd+ | tr '+' '\n' | awk '{ s += $1 } END { print s }'
yes | head -n 2
echo "${PIPESTATUS[@]}"
echo 'key=value' | grep -oE '[a-z]+$' | tee copy.txt | wc -c
diff <(sort sales.csv) <(sort -r sales.csv | sort) && echo same
