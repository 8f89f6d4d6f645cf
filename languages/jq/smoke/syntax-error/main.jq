1 as $n |
$missing
