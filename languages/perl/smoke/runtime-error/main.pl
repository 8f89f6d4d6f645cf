sub fail {
    die "boom at last";
}

fail();
