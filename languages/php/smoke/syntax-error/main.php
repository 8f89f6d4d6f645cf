<?php
$n = 1;
$m = ;
