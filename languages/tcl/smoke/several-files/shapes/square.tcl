proc area {side} { expr {$side * $side} }
