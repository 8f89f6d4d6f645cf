<?php
echo trim(fgets(STDIN)), " ↔ 硅藻 🦠\n";
