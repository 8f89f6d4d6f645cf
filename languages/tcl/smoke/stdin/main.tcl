gets stdin n
puts [expr {$n * $n}]
