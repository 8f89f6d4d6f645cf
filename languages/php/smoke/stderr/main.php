<?php
fwrite(STDERR, "err\n");
echo "out\n";
