<?php
function fail(int $n) {
    throw new DomainException("boom in $n");
}
fail(3);
