<?php
$n = (int) fgets(STDIN);
echo $n * $n, "\n";
